/*
 * Other programs that sign.  The configuration is parsed as for key import (key_tables.h); milters
 * that it does not explain are probed.
 */
#include "core/mta/postfix/signers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/life/key_tables.h"
#include "core/model/setting/env.h"
#include "core/mta/host/item_list.h"
#include "core/mta/probe/milter.h"
#include "core/mta/provider/opendkim_conf.h"
#include "core/mta/provider/rspamd.h"
#include "dnszone/name/name.h"

#define CONF_LIMIT ((size_t)4 << 20)
#define SHOWN 5 /* domains in a sentence */

void signers_done(struct signers *signers)
{
	for (size_t i = 0; i < signers->count; i++) {
		struct signer *signer = &signers->at[i];
		for (size_t k = 0; k < signer->domains; k++)
			free(signer->domain[k]);
		free(signer->domain);
		free(signer->program);
		free(signer->file);
	}
	free(signers->at);
	*signers = SIGNERS_INIT;
}

static struct signer *add(struct signers *signers, const char *program, const char *file)
{
	GROW(signers->at, signers->count, signers->room);
	struct signer *signer = &signers->at[signers->count++];
	*signer = (struct signer){ .program = xstrdup(program), .file = xstrdup(file) };
	return signer;
}

static void add_domain(struct signer *signer, const char *domain)
{
	for (size_t i = 0; i < signer->domains; i++)
		if (strcmp(signer->domain[i], domain) == 0)
			return;
	GROW(signer->domain, signer->domains, signer->room);
	signer->domain[signer->domains++] = xstrdup(domain);
}

char *signer_domains(const struct signer *signer)
{
	auto_buf text = BUF_INIT;
	for (size_t i = 0; i < signer->domains && i < SHOWN; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", signer->domain[i]);
	if (signer->domains > SHOWN)
		buf_printf(&text, _(" and %zu more"), signer->domains - SHOWN);
	if (signer->is_open)
		buf_puts(&text, text.len ? _(", and domains that cannot be determined")
		                         : _("domains that cannot be determined"));
	return buf_take(&text);
}

char *signer_remedy(const struct signer *signer)
{
	if (strcmp(signer->program, "rspamd") == 0)
		return xstrdup(
			_("write \"enabled = false;\" into "
		          "/etc/rspamd/local.d/dkim_signing.conf and restart rspamd"));
	if (strcmp(signer->program, "amavis") == 0)
		return xasprintf(
			_("set $enable_dkim_signing = 0 in %s and restart amavis"),
			signer->file);
	if (signer->file)
		return xasprintf(_("set Mode v in %s and restart it"), signer->file);
	return xasprintf(_("stop the signer at %s"), signer->program);
}

/* ---- configuration ---------------------------------------------------------------------------- */

static bool read_text(struct ctx *ctx, const char *path, struct buf *into)
{
	struct err ignored = ERR_INIT;
	return file_read(ctx, path, CONF_LIMIT, into, NULL, &ignored) == 0;
}

static bool read_further(void *arg, const char *path, struct buf *into)
{
	return strcmp(path, OPENDKIM_OURS) != 0 && read_text(arg, path, into);
}

struct fitting {
	struct signer *signer;
	const struct key_table_row *row;
	const char *folder;
};

static int take_file(void *arg, const char *name, struct err *err)
{
	const struct fitting *fitting = arg;
	auto_free char *path = path_join(fitting->folder, name);
	char domain[NAME_SIZE] = "", selector[NAME_SIZE] = "";
	(void)err;
	if (key_tables_path_fits(fitting->row, path, domain, selector) && *domain)
		add_domain(fitting->signer, domain);
	return 0;
}

/* A row for any domain that has a file: the files that exist. */
static void add_files(struct ctx *ctx, struct signer *signer,
                      const struct key_table_row *row)
{
	struct err ignored = ERR_INIT;
	auto_free char *fixed = xmemdup(row->path, strcspn(row->path, "$"));
	char *slash = strrchr(fixed, '/');
	if (!slash)
		return;
	*slash = '\0';
	struct fitting fitting = { signer, row, *fixed ? fixed : "/" };
	if (file_list(ctx, fitting.folder, take_file, &fitting, &ignored) < 0)
		err_clear(&ignored);
}

/* Whether any of the rows signs; they are added. */
static bool take_rows(struct ctx *ctx, struct key_tables *tables, struct signer *signer)
{
	key_tables_finish(tables);
	for (size_t i = 0; i < tables->count; i++) {
		const struct key_table_row *row = &tables->row[i];
		if (row->domain && (row->signs || row->why))
			add_domain(signer, row->domain);
		else if (row->why)
			signer->is_open = true;
		else if (row->signs && row->path && strchr(row->path, '$'))
			add_files(ctx, signer, row);
		else if (row->signs && !row->domain)
			signer->is_open = true;
	}
	return signer->domains || signer->is_open;
}

static void drop_last(struct signers *signers)
{
	struct signers last = { &signers->at[signers->count - 1], 1, 1 };
	struct signer copy = *last.at;
	for (size_t i = 0; i < copy.domains; i++)
		free(copy.domain[i]);
	free(copy.domain);
	free(copy.program);
	free(copy.file);
	signers->count--;
}

/* The configuration of one program, as one text: the last value of a name counts.  `has_defaults`:
 * it signs without a file too. */
static void read_program(struct ctx *ctx, const char *program, enum key_tables_kind kind,
                         const char *const *files, size_t count, bool has_defaults,
                         struct signers *signers)
{
	const struct key_tables_source source = { read_further, ctx };
	const char *where = has_defaults ? files[0] : NULL;
	auto_key_tables tables = KEY_TABLES_INIT;
	auto_buf all = BUF_INIT;
	for (size_t i = 0; i < count; i++) {
		auto_buf text = BUF_INIT;
		if (!read_text(ctx, files[i], &text))
			continue;
		where = files[i];
		buf_printf(&all, "%s\n", buf_text(&text));
	}
	if (!where)
		return;
	struct signer *signer = add(signers, program, where);
	key_tables_read(&tables, kind, where, buf_text(&all), &source);
	if (!take_rows(ctx, &tables, signer))
		drop_last(signers);
}

/* ---- amavis: a folder of files that are one program ----------------------------------------------- */

static int take_name(void *arg, const char *name, struct err *err)
{
	(void)err;
	names_add(arg, name);
	return 0;
}

/* Debian's parts in their order, or the single file of others, as one text. */
static void read_amavis(struct ctx *ctx, struct signers *signers)
{
	static const char folder[] = "/etc/amavis/conf.d";
	static const char *const files[] = { "/etc/amavis/amavisd.conf",
		                             "/etc/amavisd/amavisd.conf",
		                             "/etc/amavisd.conf" };
	auto_names names = { 0 };
	struct err ignored = ERR_INIT;
	auto_buf all = BUF_INIT;
	auto_free char *where = NULL;
	if (file_list(ctx, folder, take_name, &names, &ignored) < 0)
		err_clear(&ignored);
	names_sort(&names);
	for (size_t i = 0; i < names.count + ARRAY_LEN(files); i++) {
		auto_buf text = BUF_INIT;
		auto_free char *path = i < names.count ? path_join(folder, names.name[i])
		                                       : xstrdup(files[i - names.count]);
		if (!read_text(ctx, path, &text))
			continue;
		buf_printf(&all, "%s\n", buf_text(&text));
		if (strstr(buf_text(&text), "dkim_key") || !where) {
			free(where);
			where = xstrdup(path);
		}
	}
	if (!where)
		return;
	auto_key_tables tables = KEY_TABLES_INIT;
	struct signer *signer = add(signers, "amavis", where);
	key_tables_read(&tables, KEY_TABLES_AMAVIS, where, buf_text(&all), NULL);
	if (!take_rows(ctx, &tables, signer))
		drop_last(signers);
}

/* ---- what Postfix hands mail to ------------------------------------------------------------------- */

/* Calls `each` for every milter that main.cf or an -o of master.cf names, as often as it does. */
static void each_milter(const struct main_cf *main, const struct master_cf *master,
                        void (*each)(void *arg, const char *item), void *arg)
{
	static const char *const lists[] = { "smtpd_milters", "non_smtpd_milters" };
	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		for (size_t i = 0; i <= master->count; i++) {
			auto_buf value = BUF_INIT, item = BUF_INIT;
			if (i && !main_cf_is_own(main, &master->service[i - 1], lists[l]))
				continue;
			if (i == 0)
				main_cf_value(main, NULL, lists[l], &value);
			else
				main_cf_value_of(main, &master->service[i - 1], lists[l],
				                 &value);
			const char *at = buf_text(&value);
			while (item_list_next(&at, &item))
				each(arg, buf_text(&item));
		}
	}
}

struct looking_for {
	const char *const *word;
	size_t words;
	bool is_found;
};

static void look_for(void *arg, const char *item)
{
	struct looking_for *l = arg;
	for (size_t i = 0; i < l->words; i++)
		l->is_found |= strstr(item, l->word[i]) != NULL;
}

static bool is_milter_of(const struct main_cf *main, const struct master_cf *master,
                         const char *const *word, size_t words)
{
	struct looking_for l = { word, words, false };
	each_milter(main, master, look_for, &l);
	return l.is_found;
}

void signers_read(struct ctx *ctx, const struct main_cf *main,
                  const struct master_cf *master, struct signers *signers)
{
	static const char *const opendkim[] = { OPENDKIM_CONF };
	static const char *const dkimpy[] = { "/etc/dkimpy-milter/dkimpy-milter.conf",
		                              "/etc/dkimpy-milter.conf" };
	/* without these files it signs with the keys in its folder */
	static const char *const rspamd[] = {
		"/etc/rspamd/local.d/dkim_signing.conf",
		"/etc/rspamd/override.d/dkim_signing.conf"
	};
	static const char *const rspamd_words[] = { "11332", "rspamd" };
	static const char *const dkimpy_words[] = { "8892", "dkimpy" };
	size_t before = signers->count;
	read_program(ctx, "OpenDKIM", KEY_TABLES_OPENDKIM_CONF, opendkim,
	             ARRAY_LEN(opendkim), false, signers);
	for (size_t i = before; i < signers->count; i++)
		signers->at[i].is_filter = true;
	if (is_milter_of(main, master, dkimpy_words, ARRAY_LEN(dkimpy_words)))
		read_program(ctx, "dkimpy-milter", KEY_TABLES_OPENDKIM_CONF, dkimpy,
		             ARRAY_LEN(dkimpy), false, signers);
	if (is_milter_of(main, master, rspamd_words, ARRAY_LEN(rspamd_words)))
		read_program(ctx, "rspamd", KEY_TABLES_RSPAMD, rspamd, ARRAY_LEN(rspamd),
		             true, signers);
	read_amavis(ctx, signers);
}

/* ---- asking --------------------------------------------------------------------------------------- */

#define ASK_NS (2 * NS_PER_SEC)
#define ALL_NS (8 * NS_PER_SEC)
#define MOST_DOMAINS 6

struct asking {
	struct ctx *ctx;
	const char *queue_dir, *filter;
	struct signers *signers;
	struct names domains; /* at most MOST_DOMAINS */
	struct names asked;   /* endpoints */
	int64_t end;
};

static void take_domain(struct asking *a, const char *name)
{
	if (a->domains.count < MOST_DOMAINS && env_is_public_name(name) &&
	    !strpbrk(name, "/:$*@") && !names_has(&a->domains, name))
		names_add(&a->domains, name);
}

/* Domains of the database, and those that Postfix names without a table. */
static void find_domains(struct asking *a, struct store *store,
                         const struct main_cf *main)
{
	static const char *const lists[] = { "virtual_mailbox_domains",
		                             "virtual_alias_domains", "mydestination",
		                             "mydomain", "relay_domains" };
	auto_names newest = { 0 };
	struct err ignored = ERR_INIT;
	if (store && domain_newest(store, 3, &newest, &ignored) < 0)
		err_clear(&ignored);
	for (size_t i = 0; i < newest.count; i++)
		take_domain(a, newest.name[i]);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		auto_buf value = BUF_INIT, item = BUF_INIT;
		main_cf_value(main, NULL, lists[i], &value);
		const char *at = buf_text(&value);
		while (item_list_next(&at, &item))
			take_domain(a, buf_text(&item));
	}
}

/* Appends the first domain that a filter signs for to `into`. */
static bool find_signature(const char *headers, char *into, size_t size)
{
	static const char name[] = "DKIM-Signature:";
	for (const char *line = headers; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, name, strlen(name)) != 0)
			continue;
		const char *end = line + strcspn(line, "\n");
		for (const char *at = line + strlen(name); at < end; at++) {
			at += strspn(at, " \t");
			if (at[0] == 'd' && at[1 + strspn(at + 1, " \t")] == '=') {
				at += 2 + strspn(at + 1, " \t");
				at += strspn(at, " \t");
				size_t len = strcspn(at, "; \t\n");
				len = len < size ? len : size - 1;
				memcpy(into, at, len);
				into[len] = '\0';
				return len > 0;
			}
			at += strcspn(at, ";\n");
		}
	}
	return false;
}

static void ask_one(struct asking *a, const char *endpoint, const char *domain)
{
	auto_free char *from = xasprintf("postmaster@%s", domain);
	auto_free char *id =
		xasprintf("<probe.%lld@%s>", (long long)ctx_now(a->ctx), domain);
	const struct milter_header headers[] = {
		{ "From", from },       { "To", "postmaster@probe.invalid" },
		{ "Subject", "probe" }, { "Date", "Thu, 01 Jan 1970 00:00:00 +0000" },
		{ "Message-ID", id },
	};
	const struct milter_message message = {
		.client = "127.0.0.1",
		.is_authenticated = true,
		.sender = from,
		.recipient = "postmaster@probe.invalid",
		.header = headers,
		.headers = ARRAY_LEN(headers),
		.body = "probe\r\n",
	};
	struct milter_answer answer;
	struct err ignored = ERR_INIT;
	char signed_for[NAME_SIZE];
	int64_t limit = monotonic_ns() + ASK_NS;
	if (milter_ask(a->ctx, endpoint, &message, limit < a->end ? limit : a->end,
	               &answer, &ignored) < 0)
		return;
	if (find_signature(buf_text(&answer.headers), signed_for, sizeof(signed_for))) {
		struct signer *last =
			a->signers->count ? &a->signers->at[a->signers->count - 1] : NULL;
		if (!last || strcmp(last->program, endpoint) != 0)
			last = add(a->signers, endpoint, NULL);
		add_domain(last, signed_for);
	}
	milter_answer_done(&answer);
}

/* Whether the configuration explained it already: rspamd by its port or its socket. */
static bool is_known(const struct asking *a, const char *item)
{
	for (size_t i = 0; i < a->signers->count; i++)
		if (strcmp(a->signers->at[i].program, "rspamd") == 0 &&
		    rspamd_is_item(item))
			return true;
	return false;
}

static void ask(void *arg, const char *item)
{
	struct asking *a = arg;
	auto_free char *plain = xmemdup(item, strcspn(item, ", \t"));
	auto_free char *endpoint = opendkim_endpoint(plain, a->queue_dir);
	if (!endpoint || text_same(endpoint, a->filter) || is_known(a, plain))
		return;
	if (names_has(&a->asked, endpoint))
		return;
	names_add(&a->asked, endpoint);
	for (size_t i = 0; i < a->domains.count && monotonic_ns() < a->end; i++)
		ask_one(a, endpoint, a->domains.name[i]);
}

void signers_ask(struct ctx *ctx, struct store *store, const struct main_cf *main,
                 const struct master_cf *master, const char *queue_dir,
                 const char *filter, struct signers *signers)
{
	struct asking a = { .ctx = ctx,
		            .queue_dir = queue_dir,
		            .filter = filter,
		            .signers = signers,
		            .end = monotonic_ns() + ALL_NS };
	find_domains(&a, store, main);
	each_milter(main, master, ask, &a);
	names_done(&a.asked);
	names_done(&a.domains);
}
