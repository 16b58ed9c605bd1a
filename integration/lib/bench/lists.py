"""Lists over gRPC, one client: the time of a call with many mailboxes against the time with 1,000."""

from bench.load import GrpcLoad
from bench.report import median, paired
from bench.target import method

PAGE = 30
TARGET = 1.5
WALK_PAGE = 1000
QUICK_WALK = 20

# service, method, orderings (the first is the default), searches by what they meet, further filters
LISTS = (
    ("accounts", "ListAccounts", ("username", "first_name", "last_name", "date_joined"),
     {"one address": "{address}", "a first name": "dora", "a last name": "kowalski", "nothing": "nobody@"},
     {"domain": {"domain": "{domain}"}, "role": {"role": "SuperAdmins"}, "disabled": {"is_active": False},
      "a last name, by date": {"search": "kowalski", "ordering": "-date_joined"},
      "one address, by date": {"search": "{address}", "ordering": "date_joined"},
      "domain, by date": {"domain": "{domain}", "ordering": "date_joined"}}),
    ("mailboxes", "ListMailboxes", ("full_address", "creation"),
     {"one address": "{address}", "many": "dora", "nothing": "nobody@"},
     {"domain": {"domain": "{domain}"}, "many, by date": {"search": "dora", "ordering": "-creation"},
      "one address, by date": {"search": "{address}", "ordering": "creation"},
      "domain, by date": {"domain": "{domain}", "ordering": "-creation"}}),
    ("mailboxes", "ListAliases", ("address", "creation"),
     {"many": "list.1", "nothing": "nobody@"},
     {"domain": {"domain": "{domain}"}, "disabled": {"enabled": False},
      "many, by date": {"search": "list.1", "ordering": "-creation"}}),
    ("domains", "ListDomains", ("name", "creation", "last_modification"),
     {"one name": "{domain}", "many": "seed", "nothing": "nowhere"},
     {"disabled": {"enabled": False}, "many, by date": {"search": "seed", "ordering": "-creation"}}),
    ("domains", "ListDomainAliases", ("name", "creation"),
     {"many": "also", "nothing": "nowhere"}, {"domain": {"domain": "{domain}"}}),
    ("quotas", "ListQuotas", ("address", "usage"),
     {"one address": "{address}", "many": "dora", "nothing": "nobody@"},
     {"domain": {"domain": "{domain}"}, "many, by usage": {"search": "dora", "ordering": "-usage"},
      "one address, by usage": {"search": "{address}", "ordering": "usage"},
      "domain, by usage": {"domain": "{domain}", "ordering": "-usage"}}),
)


def cases(orderings, searches, filters):
    """name -> fields of the request, in which {address} and {domain} stand for those of a seeded mailbox"""
    result = {"first page": {}, "deep page": {"deep": True}}
    for ordering in orderings:
        for sign in ("", "-"):
            if sign + ordering != orderings[0]:
                result[f"by {sign}{ordering}"] = {"ordering": sign + ordering}
    result |= {f"search {what}": {"search": text} for what, text in searches.items()}
    result |= {f"only {what}": fields for what, fields in filters.items()}
    return result


class Walker:
    """Deep pages: page tokens are signed, so the way there leads through the pages before."""

    def __init__(self, quick):
        self.most = QUICK_WALK if quick else None
        self.known = {}

    def token(self, target, service, name):
        key = (target["ROOST_URL"], name)
        if key not in self.known:
            self.known[key] = self._walk(target, service, name)
        return self.known[key]

    def _walk(self, target, service, name):
        """The token in the middle of the list."""
        with target.rpc(service) as rpc:
            answer = rpc.call(method(service, name), page_size=PAGE)
            left = answer.total_size // 2 - PAGE
            pages = 0
            while left > 0 and answer.next_page_token and (self.most is None or pages < self.most):
                answer = rpc.call(method(service, name), page_size=min(WALK_PAGE, left),
                                  page_token=answer.next_page_token)
                left -= WALK_PAGE
                pages += 1
            return answer.next_page_token


def request_for(target, walker, service, name, fields):
    address, domain = target.sql(
        "SELECT m.full_address, d.name FROM mailboxes.mailbox AS m JOIN domains.domain AS d ON d.id = m.domain_id "
        "WHERE m.id = (SELECT min(id) + 777 FROM mailboxes.mailbox WHERE full_address LIKE '%@seed%')").split("|")
    values = {key: value.format(address=address, domain=domain) if isinstance(value, str) else value
              for key, value in fields.items() if key != "deep"}
    if fields.get("deep"):
        values["page_token"] = walker.token(target, service, name)
    return target.request(service, name, page_size=PAGE, **values)


def run_case(targets, program, walker, case, options, report):
    service, name, label, fields = case
    loads = [GrpcLoad(program, target.grpc_address(service), method(service, name), target.token,
                      [request_for(target, walker, service, name, fields)]) for target in targets]
    rounds = paired(options.rounds, *[lambda load=load: load.run(1, options.short_seconds) for load in loads])
    times = [[load.time_us for load in r] for r in rounds]
    report.row(label, median([t[0] for t in times]), median([t[1] for t in times]),
               median([t[0] / t[1] for t in times]), ("most", TARGET), rounds=times)


def run(targets, program, options, report):
    """targets: the big stack and the small one."""
    wanted = []
    for service, name, orderings, searches, filters in LISTS:
        for what, fields in cases(orderings, searches, filters).items():
            label = f"list {name} {what}"
            if options.wants(label):
                wanted.append((service, name, label, fields))
    if not wanted:
        return
    walker = Walker(options.quick)
    big, small = targets
    report.section(f"Microseconds of a page of {PAGE} over gRPC, one client: {big.mailboxes:,} mailboxes beside "
                   f"{small.mailboxes:,}", "big", "small", "ratio")
    for case in wanted:
        options.attempt(report, case[2], lambda case=case: run_case(targets, program, walker, case, options, report))
