/* `key lint`: the DKIM key records of a domain's selectors, or a text. */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/findings.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/model/key/key.h"
#include "dnszone/lint/lint_dkim.h"
#include "dnszone/name/name.h"

#define LINT_MS 20000 /* for all look-ups of one lint */

struct owners {
	struct names names;
	const char *domain;
};

static void add_owner(struct owners *owners, const char *selector)
{
	names_take(&owners->names,
	           xasprintf("%s._domainkey.%s", selector, owners->domain));
}

/* --selector: any domain, which need not be here. */
static int add_typed(struct app *app, char name[NAME_SIZE], struct owners *owners,
                     struct err *err)
{
	const char *typed;
	int r = name_parse_domain(args_word(app->args, 0), name, err);
	owners->domain = name;
	for (size_t i = 0; r >= 0 && (typed = args_get_nth(app->args, "--selector", i));
	     i++) {
		char selector[NAME_SIZE];
		r = name_parse_selector(typed, selector, err);
		if (r >= 0)
			add_owner(owners, selector);
	}
	return r;
}

/* Without a selector: those of the database; an alias signs with its main domain's keys. */
static int add_stored(struct app *app, struct domain *domain, struct owners *owners,
                      struct err *err)
{
	auto_stmt keys = NULL;
	struct key key;
	int r = session_read_store(&app->session, err);
	if (r >= 0)
		r = session_domain(&app->session, args_word(app->args, 0), domain, err);
	if (r < 0)
		return r;
	owners->domain = domain->name;
	r = key_query(app->session.store, domain->main_id ? domain->main_id : domain->id,
	              &keys, err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0)
		if (key_is_published(&key))
			add_owner(owners, key.selector);
	if (r >= 0 && !owners->names.count)
		return err_set(
			err, ERR_MISSING,
			_("the database has no key of %s; to check selectors by name, "
		          "run \"mailauthctl key lint %s --selector ...\""),
			domain->name, domain->name);
	return r < 0 ? r : 0;
}

static int lint_domain(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	struct owners owners = { .domain = NULL };
	char name[NAME_SIZE];
	auto_resolver *dns = NULL;
	int r = args_has(app->args, "--selector")
	                ? add_typed(app, name, &owners, err)
	                : add_stored(app, &domain, &owners, err);
	if (r >= 0)
		r = app_resolver(app, &dns, err);
	struct deadline until = deadline_in_ms(LINT_MS);
	if (r >= 0)
		findings_begin(app);
	for (size_t i = 0; r >= 0 && i < owners.names.count; i++) {
		auto_lint_list list = LINT_LIST_INIT;
		lint_dkim_owner(owners.names.name[i], dns, until, &list);
		findings_add(app, owners.names.name[i], &list);
	}
	if (r >= 0)
		findings_end(app);
	names_done(&owners.names);
	return r < 0 ? r : 0;
}

static void lint_line(void *arg, struct octets text, struct lint_list *list)
{
	(void)arg;
	lint_dkim_record(text, list);
}

int cmd_key_lint(struct app *app, struct err *err)
{
	const char *record = args_get(app->args, "--record");
	auto_lint_list list = LINT_LIST_INIT;
	if (args_has(app->args, "--records-from"))
		return findings_of_lines(app, lint_line, NULL, err);
	if (!record)
		return lint_domain(app, err);
	lint_dkim_record(octets_of(record), &list);
	findings_begin(app);
	findings_add(app, NULL, &list);
	findings_end(app);
	return 0;
}
