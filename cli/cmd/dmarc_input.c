/* The question of `dmarc check` from options, and the resolver that answers it. */
#include "cli/cmd/dmarc_input.h"

#include <stdlib.h>
#include <string.h>

#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"
#include "dnszone/name/name.h"

enum { MEMORY = MESSAGE_MEMORY + DMARC_MEMORY }; /* with a trace */

/* ---- names that exist ------------------------------------------------------------------------- */

/* A layer in which the names of --exists, and those above them, exist. */
struct exists {
	struct resolver resolver;
	const struct args *args;
};

static void exists_ask(struct resolver *r, const struct dns_name *name,
                       enum dns_type type, struct deadline until, struct arena *mem,
                       struct dns_answer *ret_answer)
{
	const struct exists *layer = (const struct exists *)r;
	const char *typed;
	struct dns_name known;
	resolver_ask(r->below, name, type, until, mem, ret_answer);
	for (size_t i = 0; ret_answer->kind == DNS_NXDOMAIN &&
	                   (typed = args_get_nth(layer->args, "--exists", i));
	     i++)
		if (dns_name_from_octets(typed, strlen(typed), &known) &&
		    dns_name_is_at_or_below(&known, name))
			*ret_answer = dns_answer_empty(DNS_NODATA, NULL);
}

static void exists_ask_ahead(struct resolver *r, const struct dns_name *name,
                             enum dns_type type, struct deadline until)
{
	resolver_ask_ahead(r->below, name, type, until);
}

static void exists_free(struct resolver *r)
{
	free(r);
}

static const struct resolver_ops exists_ops = {
	.ask = exists_ask,
	.ask_ahead = exists_ask_ahead,
	.free = exists_free,
};

static void add_exists(struct app *app, struct dmarc_input *input)
{
	struct exists *layer = xcalloc(1, sizeof(*layer));
	layer->resolver = (struct resolver){ &exists_ops, input->dns };
	layer->args = app->args;
	input->dns = &layer->resolver;
}

/* ---- what was typed --------------------------------------------------------------------------- */

int cmd_dmarc_input(struct app *app, struct err *err)
{
	static const char *const of_domain[] = { "--spf", "--dkim" };
	static const char *const of_message[] = { "--ip", "--mail-from", "--helo" };
	const char *words = app->row->words;
	bool is_message = args_has(app->args, "--message");
	const char *const *foreign = is_message ? of_domain : of_message;
	size_t count = is_message ? ARRAY_LEN(of_domain) : ARRAY_LEN(of_message);
	if (is_message == args_has(app->args, "--from-domain"))
		return err_set(err, ERR_USAGE,
		               _("\"%s\" requires either --from-domain or --message"),
		               words);
	for (size_t i = 0; i < count; i++)
		if (args_has(app->args, foreign[i]))
			return err_set(err, ERR_USAGE,
			               is_message ? _("%s cannot be used with --message, "
			                              "which determines it")
			                          : _("%s requires --message"),
			               foreign[i]);
	if (is_message &&
	    (!args_has(app->args, "--ip") || !args_has(app->args, "--mail-from")))
		return err_set(err, ERR_USAGE,
		               _("--message requires --ip and --mail-from"));
	return 0;
}

static int read_name(const char *option, const char *text, char ret_name[NAME_SIZE],
                     struct err *err)
{
	if (name_from_mail(octets_of(text), ret_name))
		return 0;
	return err_set(err, ERR_USAGE, _("%s: \"%.253s\" is not a domain name"), option,
	               text);
}

/* The names of a kind of results. */
struct results {
	const char *(*name)(unsigned result);
	unsigned count;
};

static const char *spf_name(unsigned result)
{
	return spf_result_name((enum spf_result)result);
}

static const char *dkim_name(unsigned result)
{
	return dkim_result_name((enum dkim_result)result);
}

/* "RESULT:DOMAIN", or "none" alone, in which case *ret_domain is NULL. */
static int read_result(struct dmarc_input *input, const char *option, const char *text,
                       const struct results *results, unsigned *ret_result,
                       const char **ret_domain, struct err *err)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	auto_buf known = BUF_INIT;
	char domain[NAME_SIZE];
	unsigned found = results->count;
	for (unsigned i = 0; i < results->count; i++) {
		const char *name = results->name(i);
		buf_printf(&known, "%s%s", i > 0 ? ", " : "", name);
		if (strlen(name) == len && memcmp(name, text, len) == 0)
			found = i;
	}
	if (found == results->count)
		return err_set(err, ERR_USAGE,
		               _("%s: \"%.*s\" is not a result; the results are %s"),
		               option, len < 100 ? (int)len : 100, text,
		               buf_text(&known));
	*ret_result = found;
	*ret_domain = NULL;
	if (!colon && strcmp(results->name(found), "none") == 0)
		return 0;
	if (!colon)
		return err_set(err, ERR_USAGE,
		               _("%s requires a result and a domain, as in "
		                 "pass:example.com"),
		               option);
	int r = read_name(option, colon + 1, domain, err);
	if (r >= 0)
		*ret_domain = arena_memdup(&input->mem, domain, strlen(domain));
	return r;
}

static int load_typed(struct app *app, struct dmarc_input *input, struct err *err)
{
	static const struct results spf = { spf_name, SPF_RESULT_COUNT };
	static const struct results dkim = { dkim_name, DKIM_RESULT_COUNT };
	struct message_results *results = &input->results;
	const char *domain, *text = args_get(app->args, "--spf");
	unsigned result;
	int r = read_name("--from-domain", args_get(app->args, "--from-domain"),
	                  input->from.domain, err);
	if (r >= 0 && text) {
		r = read_result(input, "--spf", text, &spf, &result, &domain, err);
		if (r < 0)
			return r;
		results->has_spf = true;
		results->spf.result = (enum spf_result)result;
		results->spf_domain = octets_of(domain);
	}
	results->signature = input->signature;
	for (size_t i = 0; r >= 0 && (text = args_get_nth(app->args, "--dkim", i)); i++) {
		if (results->count == DMARC_IDENTIFIERS_MAX - 1)
			return err_set(err, ERR_USAGE,
			               _("--dkim: at most %d are allowed"),
			               DMARC_IDENTIFIERS_MAX - 1);
		r = read_result(input, "--dkim", text, &dkim, &result, &domain, err);
		if (r >= 0 && domain)
			input->signature[results->count++] =
				message_signature_of((enum dkim_result)result, domain);
	}
	return r;
}

static int check_exists(struct app *app, struct err *err)
{
	const char *typed;
	char name[NAME_SIZE];
	int r = 0;
	for (size_t i = 0; r >= 0 && (typed = args_get_nth(app->args, "--exists", i));
	     i++)
		r = read_name("--exists", typed, name, err);
	return r;
}

static int read_exceptions(struct dmarc_input *input, const char *from,
                           const char *const *typed, size_t count, struct err *err)
{
	size_t read = 0;
	const char **text = arena_calloc(&input->mem, count, sizeof(*text));
	for (; text && read < count; read++) {
		auto_free char *domain = NULL;
		int r = exception_check(typed[read], &domain, err);
		if (r < 0)
			return err_prefix(err, "%s", from);
		const char *kept = domain ? domain : typed[read];
		text[read] = arena_memdup(&input->mem, kept, strlen(kept));
		if (!text[read])
			break;
	}
	return text && read == count &&
	                       exceptions_read(text, count, &input->mem,
	                                       &input->exceptions)
	               ? 0
	               : err_set(err, ERR_FAILED, _("not enough memory for the check"));
}

/* Those that were typed, or else those of the server. */
static int load_exceptions(struct app *app, struct dmarc_input *input, struct err *err)
{
	static const char option[] = "--exception";
	auto_free char *setting = NULL;
	auto_free char **list = NULL;
	size_t count = 0;
	if (!args_has(app->args, option) && args_has(app->args, "--plain"))
		return 0;
	if (!args_has(app->args, option)) {
		int r = setting_text(app->session.store, SET_DMARC_EXCEPTIONS, 0,
		                     &setting, err);
		if (r < 0)
			return r;
		text_split_list(setting, &list, &count);
		return read_exceptions(input, setting_table[SET_DMARC_EXCEPTIONS].key,
		                       (const char *const *)list, count, err);
	}
	while (args_get_nth(app->args, option, count))
		count++;
	auto_free const char **typed = xcalloc(count, sizeof(*typed));
	for (size_t i = 0; i < count; i++)
		typed[i] = args_get_nth(app->args, option, i);
	return read_exceptions(input, option, typed, count, err);
}

int dmarc_input_load(struct app *app, struct dmarc_input *input, bool is_traced,
                     struct err *err)
{
	const struct spf_limits limits = SPF_LIMITS_DEFAULT;
	const bool is_message = args_has(app->args, "--message");
	int r = check_exists(app, err);
	if (r < 0)
		return r;
	if (!arena_open(&input->mem, MEMORY))
		return err_set(err, ERR_FAILED, _("not enough memory for the check"));
	input->context = (struct message_context){
		.until = deadline_in_ms(SPF_TIME_LIMIT_MS),
		.mem = &input->mem,
		.now = ctx_now(&app->session.ctx),
		.void_limit = limits.voids,
		.checks_spf = true,
		.checks_dmarc = true,
	};
	if (is_traced) {
		struct dmarc_trace *trace = arena_alloc(&input->mem, sizeof(*trace));
		if (!trace || !dmarc_trace_init(trace, &input->mem))
			return err_set(err, ERR_FAILED,
			               _("not enough memory for the check"));
		input->context.trace = trace;
	}
	r = load_exceptions(app, input, err);
	if (r >= 0 && !is_message)
		r = load_typed(app, input, err);
	if (r >= 0)
		r = app_resolver(app, &input->dns, err);
	if (r < 0)
		return r;
	if (args_has(app->args, "--exists"))
		add_exists(app, input);
	input->context.dns = input->dns;
	if (is_message)
		r = dmarc_message_load(app, input, err);
	else
		message_judge(&input->context, &input->from, &input->results);
	return r;
}

void dmarc_input_done(struct dmarc_input *input)
{
	message_verifier_free(input->verifier);
	resolver_free(input->dns);
	arena_done(&input->mem);
}
