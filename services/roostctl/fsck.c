#include "services/roostctl/fsck.h"

#include <poll.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg.h"
#include "services/roostctl/sql/fsck.sql.h"

enum { FINDINGS_SHOWN = 20, STATEMENT_LIMIT_US = 300000000, PAUSE_MS = 500 };

/* One check: its statement gives (object, what is wrong) for each finding. */
static const struct error *run_check(struct pg *pg, const struct pg_statement *statement, FILE *out,
                                     int64_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err = pg_query(pg, statement, PG_MESSAGE(NULL), &rows);
    if (err) {
        return err;
    }
    for (int i = 0; i < rows.n_rows && i < FINDINGS_SHOWN && out; i++) {
        fprintf(out, "%s: %s: %s\n", statement->name, pg_value(&rows, i, 0), pg_value(&rows, i, 1));
    }
    if (rows.n_rows > FINDINGS_SHOWN && out) {
        fprintf(out, "%s: and %d more\n", statement->name, rows.n_rows - FINDINGS_SHOWN);
    }
    *ret_n = rows.n_rows;
    return NULL;
}

/* All checks once; prints findings to `out` unless it is NULL. */
static const struct error *run_all(struct pg *pg, struct arena *arena, FILE *out,
                                   int64_t *ret_findings)
{
    int64_t findings = 0;
    for (size_t i = 0; fsck_sql_all[i]; i++) {
        int64_t n;
        pg_set_call(pg, arena, clock_monotonic_us() + STATEMENT_LIMIT_US);
        const struct error *err = run_check(pg, fsck_sql_all[i], out, &n);
        if (err) {
            return err;
        }
        findings += n;
    }
    *ret_findings = findings;
    return NULL;
}

static size_t n_checks(void)
{
    size_t n = 0;
    while (fsck_sql_all[n]) {
        n++;
    }
    return n;
}

const struct error *fsck_run(struct arena *arena, const struct fsck_options *options,
                             bool *ret_clean)
{
    struct pg *pg = pg_new(options->database_url, "roostctl-fsck", "mail");
    int64_t until_us = clock_monotonic_us() + options->wait_s * INT64_C(1000000);
    int64_t findings = 0;
    const struct error *err;
    for (;;) {
        bool last = clock_monotonic_us() >= until_us;
        err = run_all(pg, arena, last ? options->out : NULL, &findings);
        if (last || (!err && findings == 0)) {
            break;
        }
        poll(NULL, 0, PAUSE_MS);
    }
    pg_free(pg);
    if (err) {
        return err;
    }
    fprintf(options->out, "%zu checks, %lld findings\n", n_checks(), (long long)findings);
    *ret_clean = findings == 0;
    return NULL;
}
