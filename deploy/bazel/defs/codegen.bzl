"""What proto/codegen generates, as targets."""

_GENERATE = "//proto/codegen:generate"
_SET = "//proto:descriptor_set"

def _generate(name, command, outs, srcs = [], args = {}, positional = ""):
    """A genrule that runs one command of the generator."""
    words = ["$(execpath %s)" % _GENERATE, command]
    for option, value in args.items():
        words += ["--" + option, value]
    native.genrule(
        name = name,
        srcs = srcs,
        outs = outs,
        cmd = " ".join(words + [positional]),
        exec_tools = [_GENERATE],
    )

def _service_code(name, service, kind, deps):
    stem = "roost/%s/v1/%s.%s" % (service, service, kind)
    _generate(
        name = name + "_gen",
        command = kind,
        srcs = [_SET],
        outs = [stem + ".h", stem + ".c"],
        args = {
            "descriptor-set": "$(execpath %s)" % _SET,
            "package": "roost.%s.v1" % service,
            "header": "$(execpath %s.h)" % stem,
            "source": "$(execpath %s.c)" % stem,
        },
    )
    native.cc_library(
        name = name,
        srcs = [stem + ".c"],
        hdrs = [stem + ".h"],
        deps = deps + [":%s_pbc" % service],
    )

def roost_rpc(service):
    """<service>_rpc: prototypes and tables that the service implements, and its descriptor set."""
    _service_code(service + "_rpc", service, "rpc", ["//services/common/rpc:api"])

def roost_client(service):
    """<service>_client: typed stubs."""
    _service_code(service + "_client", service, "client", ["//services/common/rpc"])

def roost_message_metas(name, deps):
    _generate(
        name = name + "_gen",
        command = "metas",
        srcs = [_SET],
        outs = [name + ".h", name + ".c"],
        args = {
            "descriptor-set": "$(execpath %s)" % _SET,
            "header": "$(execpath %s.h)" % name,
            "source": "$(execpath %s.c)" % name,
        },
    )
    native.cc_library(
        name = name,
        srcs = [name + ".c"],
        hdrs = [name + ".h"],
        deps = deps + ["//services/common/message:meta"],
    )

def roost_routes(name, deps):
    """The gateway's route table and NAME.txt for comparison with routes.golden."""
    _generate(
        name = name + "_gen",
        command = "routes",
        srcs = [_SET],
        outs = [name + ".h", name + ".c", name + ".txt"],
        args = {
            "descriptor-set": "$(execpath %s)" % _SET,
            "golden": "$(execpath %s.txt)" % name,
            "header": "$(execpath %s.h)" % name,
            "source": "$(execpath %s.c)" % name,
        },
    )
    native.cc_library(
        name = name,
        srcs = [name + ".c"],
        hdrs = [name + ".h"],
        deps = deps,
    )

def roost_openapi(name):
    """NAME.json."""
    _generate(
        name = name + "_gen",
        command = "openapi",
        srcs = [_SET],
        outs = [name + ".json"],
        args = {
            "descriptor-set": "$(execpath %s)" % _SET,
            "json": "$(execpath %s.json)" % name,
        },
    )

def roost_sql(name, prefix = None, migrations_prefix = None, **kwargs):
    """sql/PREFIX.sql and sql/migrations/*.sql, whichever are there, as one cc_library.

    accounts_sql makes "services/accounts/sql/accounts.sql.h" with accounts_sql_<statement> and
    accounts_sql_all, and "services/accounts/sql/migrations.h" with accounts_migrations.

    Args:
      name: accounts_sql
      prefix: of the C names; by default the name without _sql
      migrations_prefix: of the migrations' names, if it is another
      **kwargs: for the cc_library
    """
    prefix = prefix or name[:-len("_sql")]
    here = native.package_name() + "/"
    outs = []
    statements = native.glob(["sql/%s.sql" % prefix], allow_empty = True)
    if statements:
        stem = statements[0]
        outs.append(stem)
        _generate(
            name = name + "_statements",
            command = "sql",
            srcs = statements,
            outs = [stem + ".h", stem + ".c"],
            args = {
                "header": "$(execpath %s.h)" % stem,
                "include": here + stem + ".h",
                "input": "$(execpath %s)" % stem,
                "prefix": prefix,
                "source": "$(execpath %s.c)" % stem,
            },
        )
    migrations = native.glob(["sql/migrations/*.sql"], allow_empty = True)
    if migrations:
        stem = "sql/migrations"
        outs.append(stem)
        _generate(
            name = name + "_migrations",
            command = "migrations",
            srcs = migrations,
            outs = [stem + ".h", stem + ".c"],
            args = {
                "header": "$(execpath %s.h)" % stem,
                "include": here + stem + ".h",
                "prefix": migrations_prefix or prefix,
                "source": "$(execpath %s.c)" % stem,
            },
            positional = "$(SRCS)",
        )
    native.cc_library(
        name = name,
        srcs = [out + ".c" for out in outs],
        hdrs = [out + ".h" for out in outs],
        deps = ["//services/common/pg:api"],
        **kwargs
    )
