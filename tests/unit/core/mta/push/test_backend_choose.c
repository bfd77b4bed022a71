/* Every mail server with every setting: what is refused before it is saved, and what is proposed. */
#include "tests/unit/model_store.h"

#include "core/base/text.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/registry.h"

/* Values of settings that are neither switches nor words: all that depend on a server. */
static const struct sample {
	enum setting_key key;
	const char *value;
} samples[] = {
	{ SET_SPF_EXPLANATION, "See example.com" },
	{ SET_SPF_GUESS_RULES, "v=spf1 a mx ?all" },
	{ SET_SPF_LOCAL_RULES, "ip4:192.0.2.1" },
	{ SET_SRS_DOMAIN, "srs.example.com" },
	{ SET_SRS_EXCLUDE_DOMAINS, "example.net" },
	{ SET_DKIM_SELECTOR, "mail" },
	{ SET_MTA_TRUSTED_RELAYS, "192.0.2.0/24" },
};

/* What each server refuses; "spf.": all settings of the group; value NULL: each but the default.
 * Servers that are missing here are only held to what the test `remedies` demands. */
static const struct refusal {
	const char *backend, *setting, *value;
} refusals[] = {
	{ "postfix", NULL, NULL },
	{ "directory", NULL, NULL },
	{ "exim", "dmarc.", NULL },
	{ "smartermail", "spf.mode", "defer-dns-errors" },
	{ "smartermail", "spf.local-rules", NULL },
	{ "smartermail", "spf.guess-rules", NULL },
	{ "smartermail", "spf.explanation", NULL },
	{ "smartermail", "spf.guess-scope", "most-permissive" },
	{ "smartermail", "spf.continue-on-dns-error", "on" },
	{ "smartermail", "dkim.algorithm", NULL },
	{ "icewarp", "dmarc.", NULL },
	{ "icewarp", "spf.mode", "defer-dns-errors" },
	{ "icewarp", "spf.mode", "reject-neutral" },
	{ "icewarp", "spf.mode", "reject-not-pass" },
	{ "icewarp", "spf.local-rules", NULL },
	{ "icewarp", "spf.guess-rules", NULL },
	{ "icewarp", "spf.explanation", NULL },
	{ "icewarp", "spf.guess-scope", "most-permissive" },
	{ "icewarp", "spf.continue-on-dns-error", "on" },
	{ "icewarp", "dkim.algorithm", NULL },
	{ "mailenable", "dmarc.", NULL },
	{ "mailenable", "srs.", NULL },
	{ "mailenable", "spf.mode", "defer-dns-errors" },
	{ "mailenable", "spf.mode", "reject-softfail" },
	{ "mailenable", "spf.mode", "reject-neutral" },
	{ "mailenable", "spf.mode", "reject-not-pass" },
	{ "mailenable", "spf.explanation", NULL },
	{ "mailenable", "spf.guess-scope", "most-permissive" },
	{ "mailenable", "spf.continue-on-dns-error", "on" },
	{ "mailenable", "dkim.algorithm", NULL },
	{ "mailenable-standard", "dmarc.", NULL },
	{ "mailenable-standard", "srs.", NULL },
	{ "mailenable-standard", "spf.", NULL },
	{ "mailenable-standard", "dkim.algorithm", NULL },
};

static bool is_listed(const char *backend)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (strcmp(refusals[i].backend, backend) == 0)
			return true;
	return false;
}

/* A switch that is off asks for nothing; of other settings, the default does not. */
static bool asks(const struct setting_row *row, const char *value)
{
	for (unsigned i = 0; i < FEATURE_COUNT; i++)
		if (strcmp(feature_table[i].setting, row->key) == 0)
			return strcmp(value, "on") == 0;
	return strcmp(value, row->default_text) != 0;
}

static bool is_refused(const char *backend, const struct setting_row *row,
                       const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal *r = &refusals[i];
		if (!r->setting || strcmp(r->backend, backend) != 0 ||
		    (text_ends(r->setting, ".") ? !text_starts(row->key, r->setting)
		                                : strcmp(row->key, r->setting) != 0))
			continue;
		if (r->value ? strcmp(r->value, value) == 0 : asks(row, value))
			return true;
	}
	return false;
}

/* Calls `each` with every setting and value, for a server that mta.backend names. */
static void for_each(void (*each)(const struct mta_backend *backend,
                                  const struct setting_row *row, const char *value))
{
	static const char *const switches[] = { "on", "off", NULL };
	for (unsigned i = 0; i < registry_count; i++) {
		begin();
		ok(setting_set(store, SET_MTA_BACKEND, 0, NULL, registry[i]->name, &err));
		commit();
		for (size_t key = 0; key < SETTING_COUNT; key++) {
			const struct setting_row *row = &setting_table[key];
			const char *const *words =
				row->type == SETTING_BOOL ? switches : row->words;
			if (key == SET_MTA_BACKEND || key == SET_MTA_FILTER)
				continue;
			for (; words && *words; words++)
				each(registry[i], row, *words);
			for (size_t k = 0; k < ARRAY_LEN(samples); k++)
				if (samples[k].key == key)
					each(registry[i], row, samples[k].value);
		}
	}
}

static void check_listed(const struct mta_backend *backend, const struct setting_row *row,
                         const char *value)
{
	if (!is_listed(backend->name))
		return;
	int r = backend_check_setting(&ctx, store, row->key, value, &err);
	if ((r < 0) != is_refused(backend->name, row, value))
		fail_msg("%s, %s %s: %s", backend->name, row->key, value,
		         r < 0 ? err.text : "accepted");
	err_clear(&err);
}

static void test_listed(void **state)
{
	(void)state;
	for_each(check_listed);
}

/* The sentence names the server and a value that this server accepts. */
static void check_remedy(const struct mta_backend *backend, const struct setting_row *row,
                         const char *value)
{
	if (backend_check_setting(&ctx, store, row->key, value, &err) >= 0)
		return;
	assert_int_equal(err.code, ERR_FAILED);
	assert_non_null(strstr(err.text, backend->title));
	auto_free char *set = xasprintf("mailauthctl server set %s ", row->key);
	const char *nearest = text_starts(err.remedy, set) ? err.remedy + strlen(set)
	                                                   : row->default_text;
	auto_free char *proposed = xstrdup(nearest);
	auto_free char *canonical = NULL;
	err_clear(&err);
	if (*proposed)
		ok(setting_parse(row, proposed, &canonical, &err));
	bool is_switch = false;
	for (unsigned i = 0; i < FEATURE_COUNT; i++)
		is_switch |= strcmp(feature_table[i].setting, row->key) == 0;
	if (!is_switch)
		ok(backend_check_setting(&ctx, store, row->key, proposed, &err));
}

static void test_remedies(void **state)
{
	(void)state;
	for_each(check_remedy);
}

/* Naming a server checks what was set before, of the server and of domains. */
static void test_named_later(void **state)
{
	(void)state;
	auto_domain domain = DOMAIN_INIT;
	begin();
	ok(setting_set(store, SET_SPF_MODE, 0, NULL, "reject-neutral", &err));
	ok(setting_set(store, SET_MTA_BACKEND, 0, NULL, "mailenable", &err));
	refused(backend_check_setting(&ctx, store, "mta.backend", "mailenable", &err),
	        ERR_FAILED, "\"mailauthctl server set spf.mode reject-fail\"");
	ok(setting_set(store, SET_SPF_MODE, 0, NULL, "reject-fail", &err));
	ok(backend_check_setting(&ctx, store, "mta.backend", "mailenable", &err));
	ok(domain_add(store, &ctx, "example.com", NULL, &domain, &err));
	ok(setting_set(store, SET_DKIM_ALGORITHM, domain.id, "example.com", "both",
	               &err));
	refused(backend_check_setting(&ctx, store, "mta.backend", "mailenable", &err),
	        ERR_FAILED, "\"mailauthctl domain set example.com dkim.algorithm rsa\"");
	refused(backend_check_domain_setting(&ctx, store, "example.com", "dkim.algorithm",
	                                     "both", &err),
	        ERR_FAILED, "\"mailauthctl domain set example.com dkim.algorithm rsa\"");
	commit();
}

/* Without a server that is named or adopted, everything is saved. */
static void test_nothing_named(void **state)
{
	(void)state;
	ok(backend_check_setting(&ctx, store, "spf.mode", "reject-not-pass", &err));
	ok(backend_check_setting(&ctx, store, "srs.enabled", "on", &err));
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup_store, teardown_store)
	const struct CMUnitTest tests[] = {
		ROW(test_listed),
		ROW(test_remedies),
		ROW(test_named_later),
		ROW(test_nothing_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
