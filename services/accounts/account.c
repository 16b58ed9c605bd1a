#include "services/accounts/account.h"

#include <string.h>

#include "services/accounts/password.h"
#include "services/common/message/message.h"

static const char required[] = "This field is required.";

/* The plain text fields, and whether they belong to the person's own profile. */
static const struct text_field {
    const char *name;
    size_t offset;
    bool is_profile;
} text_fields[] = {
    {"username", offsetof(Roost__Accounts__V1__Account, username), false},
    {"first_name", offsetof(Roost__Accounts__V1__Account, first_name), true},
    {"last_name", offsetof(Roost__Accounts__V1__Account, last_name), true},
    {"role", offsetof(Roost__Accounts__V1__Account, role), false},
    {"language", offsetof(Roost__Accounts__V1__Account, language), true},
    {"phone_number", offsetof(Roost__Accounts__V1__Account, phone_number), true},
    {"secondary_email", offsetof(Roost__Accounts__V1__Account, secondary_email), true},
};
enum { N_TEXT_FIELDS = sizeof text_fields / sizeof *text_fields };

static char **text_at(Roost__Accounts__V1__Account *account, const struct text_field *field)
{
    return (char **)((char *)account + field->offset);
}

static char *text_of(const Roost__Accounts__V1__Account *account, const struct text_field *field)
{
    return *(char *const *)((const char *)account + field->offset);
}

bool account_role_is_known(const char *role)
{
    static const char *const roles[] = {"SuperAdmins", "Resellers", "DomainAdmins", "SimpleUsers"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(role, roles[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool account_is_simple(const Roost__Accounts__V1__Account *account)
{
    return strcmp(account->role, "SimpleUsers") == 0;
}

bool account_is_super_admin(const Roost__Accounts__V1__Account *account)
{
    return strcmp(account->role, "SuperAdmins") == 0;
}

/* Printable ASCII in lower case, with inner spaces; other text only as far as a local part may have
 * it, which is where its one canonical form is known. */
static char *canonical_free_name(struct arena *arena, const char *text, const char **ret_fault)
{
    size_t len = strlen(text);
    char *name = arena_strdup(arena, text);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)name[i] >= 0x80) {
            return address_canonical_local_part(arena, text, ret_fault);
        }
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f) {
            *ret_fault = "Enter a valid username.";
            return NULL;
        }
        if (name[i] >= 'A' && name[i] <= 'Z') {
            name[i] = (char)(name[i] - 'A' + 'a');
        }
    }
    if (len == 0 || len > 254 || name[0] == ' ' || name[len - 1] == ' ') {
        *ret_fault = "Enter a valid username.";
        return NULL;
    }
    return name;
}

char *account_canonical_username(struct arena *arena, const char *text, const char **ret_fault)
{
    struct address address;
    if (!strchr(text, '@')) {
        return canonical_free_name(arena, text, ret_fault);
    }
    return address_parse(arena, text, false, &address, ret_fault) ? address.full : NULL;
}

static bool is_language(const char *text)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
    size_t len = strspn(text, lower);
    if (len < 2 || len > 3) {
        return false;
    }
    if (text[len] == '\0') {
        return true;
    }
    const char *region = text + len + 1;
    size_t region_len =
        strspn(region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    return (text[len] == '-' || text[len] == '_') && region_len >= 2 && region_len <= 4 &&
           region[region_len] == '\0';
}

static const struct error *check_username(struct arena *arena, const struct error *err,
                                          Roost__Accounts__V1__Account *account)
{
    const char *fault;
    if (*account->username == '\0') {
        return error_add_field(arena, err, REASON_FIELD_REQUIRED, "account.username", "%s",
                               required);
    }
    char *username;
    struct address address;
    if (account_is_simple(account)) {
        username =
            address_parse(arena, account->username, false, &address, &fault) ? address.full : NULL;
    } else {
        username = account_canonical_username(arena, account->username, &fault);
    }
    if (!username) {
        return error_add_field(arena, err, REASON_USERNAME_INVALID, "account.username", "%s",
                               fault);
    }
    account->username = username;
    return err;
}

static const struct error *check_role(struct arena *arena, const struct error *err,
                                      const Roost__Accounts__V1__Account *account)
{
    if (*account->role == '\0') {
        return error_add_field(arena, err, REASON_FIELD_REQUIRED, "account.role", "%s", required);
    }
    if (!account_role_is_known(account->role)) {
        return error_add_field(arena, err, REASON_ROLE_UNKNOWN, "account.role",
                               "\"%s\" is not a valid choice.", account->role);
    }
    if (account->master_user && !account_is_super_admin(account)) {
        return error_add_field(arena, err, REASON_FIELD_INVALID, "account.master_user",
                               "Not allowed for this role.");
    }
    return err;
}

static const struct error *check_texts(struct arena *arena, const struct error *err,
                                       Roost__Accounts__V1__Account *account)
{
    for (size_t i = 0; i < N_TEXT_FIELDS; i++) {
        if (text_fields[i].is_profile && strpbrk(text_of(account, &text_fields[i]), "\t\n")) {
            err = error_add_field(arena, err, REASON_FIELD_INVALID,
                                  arena_printf(arena, "account.%s", text_fields[i].name),
                                  "Control characters are not allowed.");
        }
    }
    if (*account->language == '\0') {
        account->language = "en";
    } else if (!is_language(account->language)) {
        err = error_add_field(arena, err, REASON_FIELD_INVALID, "account.language",
                              "\"%s\" is not a valid choice.", account->language);
    }
    if (*account->secondary_email) {
        struct address address;
        const char *fault;
        if (address_parse(arena, account->secondary_email, false, &address, &fault)) {
            account->secondary_email = address.full;
        } else {
            err = error_add_field(arena, err, REASON_ADDRESS_INVALID, "account.secondary_email",
                                  "%s", fault);
        }
    }
    return err;
}

static const struct error *check_password(struct arena *arena, const struct error *err,
                                          const struct password_policy *policy,
                                          const struct account_draft *draft)
{
    const char *fault =
        password_policy_fault(arena, policy, draft->password, draft->account->username);
    return fault
               ? error_add_field(arena, err, REASON_PASSWORD_WEAK, "account.password", "%s", fault)
               : err;
}

static const struct error *parse_mailbox_address(struct arena *arena, const struct error *err,
                                                 const char *text, struct address *ret_address)
{
    const char *fault;
    if (address_parse(arena, text, false, ret_address, &fault)) {
        return err;
    }
    return error_add_field(arena, err, REASON_ADDRESS_INVALID, "account.mailbox.full_address", "%s",
                           fault);
}

/* A mailbox that has this name already keeps it; before is its address, NULL if it is new. */
static const struct error *check_mailbox_name(struct arena *arena, const struct error *err,
                                              const struct account_draft *draft, const char *before)
{
    const char *name = draft->mailbox.address.local_part;
    const char *field =
        account_is_simple(draft->account) ? "account.username" : "account.mailbox.full_address";
    size_t len = name ? strlen(name) : 0;
    if (!name || (before && strncmp(before, name, len) == 0 && before[len] == '@')) {
        return err;
    }
    const char *fault = address_mailbox_fault(arena, name);
    return fault ? error_add_field(arena, err, REASON_ADDRESS_INVALID, field, "%s", fault) : err;
}

/* is_as_before: neither name nor address changes; while a domain is being renamed they may differ
 * for seconds. */
static const struct error *check_mailbox(struct arena *arena, const struct error *err,
                                         const struct account_draft *draft, bool is_as_before)
{
    const struct account_mailbox_wish *wish = &draft->mailbox;
    if (!wish->is_wanted) {
        return err;
    }
    if (wish->quota < 0 && !wish->use_domain_quota) {
        err = error_add_field(arena, err, REASON_QUOTA_INVALID, "account.mailbox.quota",
                              "Ensure this value is greater than or equal to 0.");
    }
    if (account_is_simple(draft->account) && !is_as_before && wish->address.full &&
        strcmp(draft->account->username, wish->address.full) != 0) {
        err = error_add_field(arena, err, REASON_USERNAME_INVALID, "account.username",
                              "Must be equal to mailbox full_address");
    }
    return err;
}

/* The mailbox of a new account. */
static const struct error *draft_new_mailbox(struct arena *arena, const struct error *err,
                                             const Roost__Accounts__V1__AccountMailbox *request,
                                             struct account_draft *draft)
{
    struct account_mailbox_wish *wish = &draft->mailbox;
    bool is_simple = account_is_simple(draft->account);
    wish->is_wanted = request || is_simple;
    if (!wish->is_wanted) {
        return err;
    }
    if (request && *request->full_address) {
        err = parse_mailbox_address(arena, err, request->full_address, &wish->address);
    } else if (is_simple) {
        /* A fault of the user name has been reported already. */
        const char *ignored;
        (void)address_parse(arena, draft->account->username, false, &wish->address, &ignored);
    } else {
        err = error_add_field(arena, err, REASON_FIELD_REQUIRED, "account.mailbox.full_address",
                              "%s", required);
    }
    bool has_quota = request && request->_quota_case;
    wish->use_domain_quota =
        request && request->_use_domain_quota_case ? request->use_domain_quota : !has_quota;
    wish->quota = has_quota ? request->quota : 0;
    if (!wish->use_domain_quota && !has_quota) {
        err = error_add_field(arena, err, REASON_QUOTA_REQUIRED, "account.mailbox.quota", "%s",
                              required);
    }
    err = check_mailbox_name(arena, err, draft, NULL);
    return check_mailbox(arena, err, draft, false);
}

const struct error *account_draft_create(struct arena *arena, const struct password_policy *policy,
                                         const Roost__Accounts__V1__Account *request,
                                         struct account_draft *ret_draft)
{
    struct account_draft draft = {.account =
                                      message_new(arena, &roost__accounts__v1__account__descriptor),
                                  .password = request->password};
    Roost__Accounts__V1__Account *account = draft.account;
    for (size_t i = 0; i < N_TEXT_FIELDS; i++) {
        *text_at(account, &text_fields[i]) = text_of(request, &text_fields[i]);
    }
    account->_is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT___IS_ACTIVE_IS_ACTIVE;
    account->is_active = request->_is_active_case ? request->is_active : true;
    account->master_user = request->master_user;
    const struct error *err = check_username(arena, NULL, account);
    err = check_role(arena, err, account);
    err = check_texts(arena, err, account);
    if (*draft.password == '\0') {
        err =
            error_add_field(arena, err, REASON_FIELD_REQUIRED, "account.password", "%s", required);
    } else if (password_is_hash(draft.password)) {
        enum error_reason reason;
        const char *fault = password_hash_fault(draft.password, &reason);
        err = fault ? error_add_field(arena, err, reason, "account.password", "%s", fault) : err;
    } else {
        err = check_password(arena, err, policy, &draft);
    }
    err = draft_new_mailbox(arena, err, request->mailbox, &draft);
    if (!err) {
        *ret_draft = draft;
    }
    return err;
}

static bool names(const struct account_update *update, const char *path)
{
    return message_mask_has(update->paths, update->n_paths, path);
}

static const struct error *check_paths(struct arena *arena, const struct account_update *update)
{
    return message_check_mask(arena, &roost__accounts__v1__account__descriptor, update->paths,
                              update->n_paths);
}

/* Whether the mask takes the mailbox away: it names the field, and the request has none. */
static bool drops_mailbox(const struct account_update *update)
{
    for (size_t i = 0; i < update->n_paths; i++) {
        if (strcmp(update->paths[i], "mailbox") == 0) {
            return update->before->mailbox && !update->request->mailbox;
        }
    }
    return false;
}

static const struct error *draft_address(struct arena *arena, const struct error *err,
                                         const struct account_update *update,
                                         struct account_draft *draft)
{
    const Roost__Accounts__V1__AccountMailbox *before = update->before->mailbox;
    const Roost__Accounts__V1__AccountMailbox *request = update->request->mailbox;
    struct account_mailbox_wish *wish = &draft->mailbox;
    Roost__Accounts__V1__Account *account = draft->account;
    bool is_simple = account_is_simple(account);
    if (request && *request->full_address && names(update, "mailbox.full_address")) {
        wish->is_wanted = true;
        err = parse_mailbox_address(arena, err, request->full_address, &wish->address);
        if (is_simple && !names(update, "username") && wish->address.full) {
            account->username = wish->address.full;
        }
        return err;
    }
    bool is_renamed = strcmp(account->username, update->before->username) != 0;
    if (is_simple && (!before || is_renamed)) {
        const char *ignored;
        wish->is_wanted = true;
        (void)address_parse(arena, account->username, false, &wish->address, &ignored);
        return err;
    }
    if (before) {
        const char *ignored;
        wish->is_wanted = true;
        check(address_parse(arena, before->full_address, false, &wish->address, &ignored));
        return err;
    }
    if (request && names(update, "mailbox.full_address")) {
        wish->is_wanted = true;
        return error_add_field(arena, err, REASON_FIELD_REQUIRED, "account.mailbox.full_address",
                               "%s", required);
    }
    return err;
}

static const struct error *draft_mailbox(struct arena *arena, const struct error *err,
                                         const struct account_update *update,
                                         struct account_draft *draft)
{
    const Roost__Accounts__V1__AccountMailbox *before = update->before->mailbox;
    const Roost__Accounts__V1__AccountMailbox *request = update->request->mailbox;
    struct account_mailbox_wish *wish = &draft->mailbox;
    if (drops_mailbox(update)) {
        return error_add_field(arena, err, REASON_FIELD_INVALID, "account.mailbox",
                               "A mailbox is removed together with its account only.");
    }
    err = draft_address(arena, err, update, draft);
    wish->use_domain_quota = before ? before->use_domain_quota : true;
    wish->quota = before ? before->quota : 0;
    bool has_choice =
        request && request->_use_domain_quota_case && names(update, "mailbox.use_domain_quota");
    bool has_quota = request && request->_quota_case && names(update, "mailbox.quota");
    if (has_choice) {
        wish->use_domain_quota = request->use_domain_quota;
    } else if (has_quota) {
        wish->use_domain_quota = false;
    }
    if (has_quota) {
        wish->quota = request->quota;
    } else if (!wish->use_domain_quota && (!before || before->use_domain_quota)) {
        err = error_add_field(arena, err, REASON_QUOTA_REQUIRED, "account.mailbox.quota", "%s",
                              required);
    }
    bool is_as_before = before && account_is_simple(update->before) && wish->address.full &&
                        strcmp(draft->account->username, update->before->username) == 0 &&
                        strcmp(wish->address.full, before->full_address) == 0;
    err = check_mailbox_name(arena, err, draft, before ? before->full_address : NULL);
    return check_mailbox(arena, err, draft, is_as_before);
}

/* A copy of `before` with the text fields that the mask names. */
static void draft_texts(struct arena *arena, const struct account_update *update, bool is_profile,
                        struct account_draft *draft)
{
    draft->account = arena_memdup(arena, update->before, sizeof *update->before);
    draft->account->mailbox = NULL;
    for (size_t i = 0; i < N_TEXT_FIELDS; i++) {
        if ((text_fields[i].is_profile || !is_profile) && names(update, text_fields[i].name)) {
            *text_at(draft->account, &text_fields[i]) = text_of(update->request, &text_fields[i]);
        }
    }
}

const struct error *account_draft_update(struct arena *arena, const struct password_policy *policy,
                                         const struct account_update *update,
                                         struct account_draft *ret_draft)
{
    const struct error *err = check_paths(arena, update);
    if (err) {
        return err;
    }
    struct account_draft draft = {0};
    const Roost__Accounts__V1__Account *request = update->request;
    draft_texts(arena, update, false, &draft);
    if (names(update, "is_active") && request->_is_active_case) {
        draft.account->is_active = request->is_active;
    }
    if (names(update, "master_user")) {
        draft.account->master_user = request->master_user;
    } else if (!account_is_super_admin(draft.account)) {
        draft.account->master_user = false;
    }
    err = check_username(arena, err, draft.account);
    err = check_role(arena, err, draft.account);
    err = check_texts(arena, err, draft.account);
    if (names(update, "password") && *request->password) {
        draft.password = request->password;
        err = password_is_hash(draft.password)
                  ? error_add_field(arena, err, REASON_PASSWORD_WEAK, "account.password",
                                    "A hash is accepted for a new account only.")
                  : check_password(arena, err, policy, &draft);
    }
    err = draft_mailbox(arena, err, update, &draft);
    if (!err) {
        *ret_draft = draft;
    }
    return err;
}

const struct error *account_draft_profile(struct arena *arena, const struct account_update *update,
                                          struct account_draft *ret_draft)
{
    const struct error *err = check_paths(arena, update);
    if (err) {
        return err;
    }
    struct account_draft draft = {0};
    draft_texts(arena, update, true, &draft);
    err = check_texts(arena, err, draft.account);
    if (!err) {
        *ret_draft = draft;
    }
    return err;
}
