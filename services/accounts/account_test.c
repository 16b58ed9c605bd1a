#include "services/accounts/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/message/message.h"

static struct arena *arena;
static const struct password_policy policy = {8, 1, 1, 1, 0, 256};

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static Roost__Accounts__V1__Account *account_with(const char *role, const char *username,
                                                  const char *password)
{
    Roost__Accounts__V1__Account *account =
        message_new(arena, &roost__accounts__v1__account__descriptor);
    account->role = (char *)role;
    account->username = (char *)username;
    account->password = (char *)password;
    return account;
}

static Roost__Accounts__V1__AccountMailbox *give_mailbox(Roost__Accounts__V1__Account *account,
                                                         const char *address)
{
    account->mailbox = message_new(arena, &roost__accounts__v1__account_mailbox__descriptor);
    account->mailbox->full_address = (char *)address;
    return account->mailbox;
}

static void set_quota(Roost__Accounts__V1__AccountMailbox *mailbox, int64_t quota)
{
    mailbox->_quota_case = ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX___QUOTA_QUOTA;
    mailbox->quota = quota;
}

static void set_use_domain_quota(Roost__Accounts__V1__AccountMailbox *mailbox, bool use)
{
    mailbox->_use_domain_quota_case =
        ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX___USE_DOMAIN_QUOTA_USE_DOMAIN_QUOTA;
    mailbox->use_domain_quota = use;
}

/* An error with exactly these fields, "a.b=message", in this order. */
static void refused(const struct error *err, const char *reason, const char *const *fields)
{
    assert_non_null(err);
    assert_string_equal(err->reason, reason);
    size_t n = 0;
    for (; fields[n]; n++) {
        assert_true(n < err->n_fields);
        assert_string_equal(
            arena_printf(arena, "%s=%s", err->fields[n].field, err->fields[n].message), fields[n]);
    }
    assert_int_equal(err->n_fields, n);
}
#define REFUSED(err, reason, ...) refused((err), (reason), (const char *const[]){__VA_ARGS__, NULL})

static void usernames_have_one_form(void **state)
{
    static const struct {
        const char *text;
        const char *canonical; /* NULL: refused */
    } cases[] = {
        {"admin", "admin"},
        {"Admin", "admin"},
        {"Head Office", "head office"},
        {"Bob@Example.TEST", "bob@example.test"},
        {"bob@Bücher.test", "bob@xn--bcher-kva.test"},
        {"JÜRGEN", "jürgen"},
        {"a@b@c", NULL},
        {"@example.test", NULL},
        {"a@b", NULL},
        {"", NULL},
        {" admin", NULL},
        {"admin ", NULL},
        {"ad\nmin", NULL},
        {"ad\tmin", NULL},
        {"ad\x7fmin", NULL},
        {"jürgen schmidt", NULL},
        {"admin\xE2\x80\x8B", NULL},
        {"\xE2\x80\xAE"
         "admin",
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *fault = NULL;
        const char *found = account_canonical_username(arena, cases[i].text, &fault);
        print_message("%s\n", cases[i].text);
        if (cases[i].canonical) {
            assert_non_null(found);
            assert_string_equal(found, cases[i].canonical);
        } else {
            assert_null(found);
            assert_non_null(fault);
        }
    }
    char *text = arena_alloc(arena, 256);
    const char *fault;
    memset(text, 'a', 255);
    assert_null(account_canonical_username(arena, text, &fault));
    text[254] = '\0';
    assert_non_null(account_canonical_username(arena, text, &fault));
}

static void simple_users_get_a_mailbox_of_their_name(void **state)
{
    struct account_draft draft;
    (void)state;
    assert_null(account_draft_create(
        arena, &policy, account_with("SimpleUsers", "Bob@Example.test", "Secret123"), &draft));
    assert_string_equal(draft.account->username, "bob@example.test");
    assert_string_equal(draft.account->language, "en");
    assert_true(draft.account->is_active);
    assert_true(draft.mailbox.is_wanted);
    assert_string_equal(draft.mailbox.address.full, "bob@example.test");
    assert_true(draft.mailbox.use_domain_quota);
}

static void admins_need_no_mailbox(void **state)
{
    struct account_draft draft;
    (void)state;
    assert_null(account_draft_create(arena, &policy,
                                     account_with("SuperAdmins", "boss", "Secret123"), &draft));
    assert_false(draft.mailbox.is_wanted);
    Roost__Accounts__V1__Account *account = account_with("DomainAdmins", "boss", "Secret123");
    set_quota(give_mailbox(account, "Office@example.test"), 10);
    assert_null(account_draft_create(arena, &policy, account, &draft));
    assert_string_equal(draft.account->username, "boss");
    assert_string_equal(draft.mailbox.address.full, "office@example.test");
    assert_false(draft.mailbox.use_domain_quota);
    assert_int_equal(draft.mailbox.quota, 10);
}

static void all_faults_of_a_create_are_told_at_once(void **state)
{
    struct account_draft draft;
    (void)state;
    REFUSED(account_draft_create(arena, &policy, account_with("", "", ""), &draft),
            "FIELD_REQUIRED", "account.username=This field is required.",
            "account.role=This field is required.", "account.password=This field is required.");
    Roost__Accounts__V1__Account *account = account_with("Wizards", "boss", "weak");
    account->language = (char *)"klingon";
    account->secondary_email = (char *)"nowhere";
    account->first_name = (char *)"a\nb";
    REFUSED(account_draft_create(arena, &policy, account, &draft), "ROLE_UNKNOWN",
            "account.role=\"Wizards\" is not a valid choice.",
            "account.first_name=Control characters are not allowed.",
            "account.language=\"klingon\" is not a valid choice.",
            "account.secondary_email=Enter a valid email address.",
            "account.password=This password is too short. It must contain at least 8 characters.");
}

static void one_fault_of_a_create(void **state)
{
    struct account_draft draft;
    (void)state;
    REFUSED(account_draft_create(arena, &policy, account_with("SimpleUsers", "bob", "Secret123"),
                                 &draft),
            "USERNAME_INVALID", "account.username=Enter a valid email address.");
    Roost__Accounts__V1__Account *account =
        account_with("SimpleUsers", "bob@example.test", "Secret123");
    give_mailbox(account, "bobby@example.test");
    REFUSED(account_draft_create(arena, &policy, account, &draft), "USERNAME_INVALID",
            "account.username=Must be equal to mailbox full_address");
    account = account_with("DomainAdmins", "boss", "Secret123");
    account->master_user = true;
    REFUSED(account_draft_create(arena, &policy, account, &draft), "FIELD_INVALID",
            "account.master_user=Not allowed for this role.");
    account = account_with("SuperAdmins", "boss", "Secret123");
    set_use_domain_quota(give_mailbox(account, "boss@example.test"), false);
    REFUSED(account_draft_create(arena, &policy, account, &draft), "QUOTA_REQUIRED",
            "account.mailbox.quota=This field is required.");
    set_quota(account->mailbox, -1);
    REFUSED(account_draft_create(arena, &policy, account, &draft), "QUOTA_INVALID",
            "account.mailbox.quota=Ensure this value is greater than or equal to 0.");
    give_mailbox(account, "");
    REFUSED(account_draft_create(arena, &policy, account, &draft), "FIELD_REQUIRED",
            "account.mailbox.full_address=This field is required.");
    give_mailbox(account, "boss");
    REFUSED(account_draft_create(arena, &policy, account, &draft), "ADDRESS_INVALID",
            "account.mailbox.full_address=Enter a valid email address.");
    REFUSED(account_draft_create(arena, &policy,
                                 account_with("SuperAdmins", "boss", "{PLAIN}Secret123"), &draft),
            "PASSWORD_SCHEME_UNKNOWN",
            "account.password=The scheme of the password hash is not known.");
}

static void mailbox_needs_a_name_that_mail_understands(void **state)
{
    static const char told[] = "The address of a mailbox cannot have one of % ! * ?";
    struct account_draft draft;
    (void)state;
    REFUSED(account_draft_create(arena, &policy,
                                 account_with("SimpleUsers", "a%b@example.test", "Secret123"),
                                 &draft),
            "ADDRESS_INVALID", arena_printf(arena, "account.username=%s", told));
    Roost__Accounts__V1__Account *account = account_with("SuperAdmins", "boss", "Secret123");
    give_mailbox(account, "*@example.test");
    REFUSED(account_draft_create(arena, &policy, account, &draft), "ADDRESS_INVALID",
            arena_printf(arena, "account.mailbox.full_address=%s", told));
    assert_null(account_draft_create(
        arena, &policy, account_with("SimpleUsers", "o'brien@example.test", "Secret123"), &draft));
}

/* bob@example.test with 5 MB of the domain's default. */
static Roost__Accounts__V1__Account *bob(void)
{
    Roost__Accounts__V1__Account *account = account_with("SimpleUsers", "bob@example.test", "");
    account->id = 7;
    account->_is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT___IS_ACTIVE_IS_ACTIVE;
    account->is_active = true;
    account->first_name = (char *)"Bob";
    account->language = (char *)"de";
    account->email = account->username;
    set_use_domain_quota(give_mailbox(account, "bob@example.test"), true);
    set_quota(account->mailbox, 5);
    return account;
}

static const struct error *update(const Roost__Accounts__V1__Account *before,
                                  const Roost__Accounts__V1__Account *request,
                                  const char *const *paths, struct account_draft *ret_draft)
{
    size_t n = 0;
    while (paths[n]) {
        n++;
    }
    const struct account_update update = {
        .before = before, .request = request, .paths = (char *const *)paths, .n_paths = n};
    return account_draft_update(arena, &policy, &update, ret_draft);
}
#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void update_touches_what_the_mask_names(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *request = account_with("SuperAdmins", "else@example.test", "");
    (void)state;
    request->first_name = (char *)"Robert";
    assert_null(update(bob(), request, PATHS("first_name"), &draft));
    assert_string_equal(draft.account->first_name, "Robert");
    assert_string_equal(draft.account->username, "bob@example.test");
    assert_string_equal(draft.account->role, "SimpleUsers");
    assert_string_equal(draft.account->language, "de");
    assert_true(draft.account->is_active);
    assert_null(draft.password);
    assert_string_equal(draft.mailbox.address.full, "bob@example.test");
    assert_true(draft.mailbox.use_domain_quota);
}

static void put_replaces_but_keeps_what_is_absent(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *request = account_with("SimpleUsers", "bob@example.test", "");
    (void)state;
    assert_null(update(bob(), request, PATHS("*"), &draft));
    assert_string_equal(draft.account->first_name, "");
    assert_string_equal(draft.account->language, "en");
    assert_true(draft.account->is_active);
    assert_null(draft.password);
    assert_true(draft.mailbox.is_wanted);
    assert_string_equal(draft.mailbox.address.full, "bob@example.test");
    REFUSED(update(bob(), account_with("", "", ""), PATHS("*"), &draft), "FIELD_REQUIRED",
            "account.username=This field is required.", "account.role=This field is required.");
}

static void mailbox_keeps_the_name_it_has(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *before = bob();
    Roost__Accounts__V1__Account *request = account_with("", "b?b@example.test", "");
    (void)state;
    REFUSED(update(before, request, PATHS("username"), &draft), "ADDRESS_INVALID",
            "account.username=The address of a mailbox cannot have one of % ! * ?");
    before->username = before->email = before->mailbox->full_address = request->username;
    request->first_name = (char *)"Bob";
    assert_null(update(before, request, PATHS("first_name"), &draft));
    request->username = (char *)"b?b@other.test";
    assert_null(update(before, request, PATHS("username"), &draft));
}

static void a_name_and_its_address_move_together(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *request = account_with("", "robert@example.test", "");
    (void)state;
    assert_null(update(bob(), request, PATHS("username"), &draft));
    assert_string_equal(draft.mailbox.address.full, "robert@example.test");
    request = account_with("", "", "");
    give_mailbox(request, "robert@example.test");
    assert_null(update(bob(), request, PATHS("mailbox"), &draft));
    assert_string_equal(draft.account->username, "robert@example.test");
    assert_null(update(bob(), request, PATHS("mailbox.full_address"), &draft));
    assert_string_equal(draft.account->username, "robert@example.test");
    request->username = (char *)"bob@example.test";
    request->role = (char *)"SimpleUsers";
    REFUSED(update(bob(), request, PATHS("*"), &draft), "USERNAME_INVALID",
            "account.username=Must be equal to mailbox full_address");
}

static void quota_changes_as_given(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *request = account_with("", "", "");
    (void)state;
    set_quota(give_mailbox(request, ""), 20);
    assert_null(update(bob(), request, PATHS("mailbox.quota"), &draft));
    assert_false(draft.mailbox.use_domain_quota);
    assert_int_equal(draft.mailbox.quota, 20);
    give_mailbox(request, "");
    set_use_domain_quota(request->mailbox, false);
    REFUSED(update(bob(), request, PATHS("mailbox"), &draft), "QUOTA_REQUIRED",
            "account.mailbox.quota=This field is required.");
    set_use_domain_quota(request->mailbox, true);
    set_quota(request->mailbox, 20);
    assert_null(update(bob(), request, PATHS("mailbox"), &draft));
    assert_true(draft.mailbox.use_domain_quota);
}

static void update_refusals(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *request = account_with("", "", "");
    (void)state;
    REFUSED(update(bob(), request, PATHS("shoe_size"), &draft), "FIELD_INVALID",
            "update_mask=There is no field \"shoe_size\".");
    REFUSED(update(bob(), request, PATHS("mailbox.size"), &draft), "FIELD_INVALID",
            "update_mask=There is no field \"mailbox.size\".");
    REFUSED(update(bob(), request, PATHS("mailbox"), &draft), "FIELD_INVALID",
            "account.mailbox=A mailbox is removed together with its account only.");
    request->password = (char *)"{MD5-CRYPT}$1$LiyRRpKg$lxDNO7hxnDkSN8wI5HfFd/";
    REFUSED(update(bob(), request, PATHS("password"), &draft), "PASSWORD_WEAK",
            "account.password=A hash is accepted for a new account only.");
    request->password = (char *)"weak";
    REFUSED(update(bob(), request, PATHS("password"), &draft), "PASSWORD_WEAK",
            "account.password=This password is too short. It must contain at least 8 characters.");
    request->master_user = true;
    REFUSED(update(bob(), request, PATHS("master_user"), &draft), "FIELD_INVALID",
            "account.master_user=Not allowed for this role.");
}

static void roles_bring_their_rules(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *boss = account_with("SuperAdmins", "boss", "");
    Roost__Accounts__V1__Account *request = account_with("SimpleUsers", "", "");
    (void)state;
    boss->master_user = true;
    REFUSED(update(boss, request, PATHS("role"), &draft), "USERNAME_INVALID",
            "account.username=Enter a valid email address.");
    boss->username = (char *)"boss@example.test";
    assert_null(update(boss, request, PATHS("role"), &draft));
    assert_false(draft.account->master_user);
    assert_true(draft.mailbox.is_wanted);
    assert_string_equal(draft.mailbox.address.full, "boss@example.test");
    give_mailbox(boss, "office@example.test");
    REFUSED(update(boss, request, PATHS("role"), &draft), "USERNAME_INVALID",
            "account.username=Must be equal to mailbox full_address");
}

/* While a domain is renamed the mailbox has its new address before the account has. */
static void a_late_name_does_not_stop_other_changes(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *before = bob();
    Roost__Accounts__V1__Account *request = account_with("", "", "");
    (void)state;
    before->mailbox->full_address = (char *)"bob@renamed.test";
    request->first_name = (char *)"Robert";
    assert_null(update(before, request, PATHS("first_name"), &draft));
    assert_string_equal(draft.account->username, "bob@example.test");
    assert_string_equal(draft.mailbox.address.full, "bob@renamed.test");
}

static void a_profile_holds_no_rights(void **state)
{
    struct account_draft draft;
    Roost__Accounts__V1__Account *before = bob();
    Roost__Accounts__V1__Account *request = account_with("SuperAdmins", "admin", "Secret123");
    (void)state;
    request->last_name = (char *)"Miller";
    request->master_user = true;
    const struct account_update all = {.before = before, .request = request};
    assert_null(account_draft_profile(arena, &all, &draft));
    assert_string_equal(draft.account->last_name, "Miller");
    assert_string_equal(draft.account->first_name, "");
    assert_string_equal(draft.account->role, "SimpleUsers");
    assert_string_equal(draft.account->username, "bob@example.test");
    assert_false(draft.account->master_user);
    assert_null(draft.password);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usernames_have_one_form),
        cmocka_unit_test(simple_users_get_a_mailbox_of_their_name),
        cmocka_unit_test(admins_need_no_mailbox),
        cmocka_unit_test(all_faults_of_a_create_are_told_at_once),
        cmocka_unit_test(one_fault_of_a_create),
        cmocka_unit_test(mailbox_needs_a_name_that_mail_understands),
        cmocka_unit_test(mailbox_keeps_the_name_it_has),
        cmocka_unit_test(update_touches_what_the_mask_names),
        cmocka_unit_test(put_replaces_but_keeps_what_is_absent),
        cmocka_unit_test(a_name_and_its_address_move_together),
        cmocka_unit_test(quota_changes_as_given),
        cmocka_unit_test(update_refusals),
        cmocka_unit_test(roles_bring_their_rules),
        cmocka_unit_test(a_late_name_does_not_stop_other_changes),
        cmocka_unit_test(a_profile_holds_no_rights),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
