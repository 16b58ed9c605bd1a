#include "services/accounts/account_delete.h"

#include "services/accounts/account_saga.h"
#include "services/accounts/account_write.h"
#include "services/accounts/session.h"
#include "services/common/bulk/bulk.h"

const struct error *account_delete(struct call *call,
                                   const Roost__Accounts__V1__DeleteAccountRequest *req)
{
    struct account_deletion deletion = {.req = req};
    const struct error *err = bulk_check_undo(call, req->undo_seconds);
    if (!err) {
        err = account_write_delete(call, &deletion);
    }
    if (err || deletion.is_replayed) {
        return err;
    }
    /* Nobody can use them any more; this only tidies up. */
    const struct error *ignored = session_end_others(call, req->id, "", 0);
    if (deletion.saga_id) {
        ignored = saga_run(call, &account_saga_kinds[ACCOUNT_SAGA_DELETE], deletion.saga_id);
    }
    (void)ignored;
    account_saga_end_sessions(call, deletion.sessions_saga_id);
    return NULL;
}
