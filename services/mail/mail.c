#include "services/mail/mail.h"

#include "services/common/pg/migrate.h"
#include "services/mail/sql/migrations.h"

bool mail_migrate(const char *owner_url)
{
    return pg_migrate(owner_url, "mail", mail_migrations, mail_n_migrations);
}
