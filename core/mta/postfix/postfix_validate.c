/*
 * A finished plan for Postfix, checked before anything is saved: main.cf and master.cf in a copy in
 * a private folder, then each part.
 *
 * postconf(1) never fails for wrong values, and warnings are normal on healthy hosts: its output
 * for the copy is therefore compared with that for the present files, and the milter lists that it
 * reads with the intended ones.  Faults that it does not detect are those of postfix_values.h.
 */
#include "core/mta/postfix/postfix_observed.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/check/validate.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_restrict.h"
#include "core/mta/postfix/postfix_values.h"
#include "core/mta/provider/opendkim_validate.h"

/* ---- main.cf and master.cf ------------------------------------------------------------------------ */

static int postconf(const struct validation *v, const char *option, const char *name,
                    struct run_result *ret_result, struct err *err)
{
	const char *const argv[] = { "postconf", "-c", v->stage->folder,
		                     option,     name, NULL };
	return stage_run(v->stage, argv, ret_result, err);
}

/* The text with every ", line 12" without its number: our lines move later ones. */
static void drop_numbers(const char *text, struct buf *into)
{
	const char *at;
	while ((at = strstr(text, ", line "))) {
		at += strlen(", line ");
		buf_add(into, text, (size_t)(at - text));
		text = at + strspn(at, "0123456789");
	}
	buf_puts(into, text);
}

/* A warning of `now` that is not in `before`; NULL: none. */
static char *new_complaint(const char *now, const char *before)
{
	auto_buf after = BUF_INIT, earlier = BUF_INIT;
	drop_numbers(now, &after);
	drop_numbers(before, &earlier);
	for (const char *at = buf_text(&after); *at;) {
		size_t len = strcspn(at, "\n");
		char *line = xmemdup(at, len);
		if (len && !strstr(buf_text(&earlier), line) &&
		    (strstr(line, "warning:") || strstr(line, "fatal:") ||
		     strstr(line, "error:")))
			return line;
		free(line);
		at += len + (at[len] == '\n');
	}
	return NULL;
}

/* Writes both files, future (`is_new`) or present, to the folder. */
static int stage_both(const struct validation *v, bool is_new, struct err *err)
{
	const struct {
		const char *name, *path;
		const struct buf *present;
	} files[] = { { "main.cf", postfix_of(v)->main_path, &postfix_of(v)->main_cf },
		      { "master.cf", postfix_of(v)->master_path,
		        &postfix_of(v)->master_cf } };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const struct step *step =
			is_new ? validation_step(v, files[i].path) : NULL;
		const struct buf *text = step ? step_text(step) : files[i].present;
		int r = stage_write(v->stage, files[i].name, buf_text(text), text->len,
		                    err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The output of postconf for the present files and for the new ones, each in the same folder, in
 * which the new ones remain. */
static int compare_words(const struct validation *v, const char *option, struct err *err)
{
	struct run_result now = { 0 }, before = { 0 };
	int r = stage_both(v, false, err);
	if (r == 0)
		r = postconf(v, option, NULL, &before, err);
	if (r == 0)
		r = stage_both(v, true, err);
	if (r == 0)
		r = postconf(v, option, NULL, &now, err);
	if (r == 0) {
		auto_free char *said =
			new_complaint(buf_text(&now.errors), buf_text(&before.errors));
		if (said)
			r = err_set(err, ERR_FAILED,
			            _("Postfix would refuse its new configuration: %s"),
			            said);
		else if (now.exit_status && !before.exit_status)
			r = err_set(err, ERR_FAILED,
			            _("Postfix would refuse its new configuration: "
			              "postconf exits with status %d"),
			            now.exit_status);
	}
	run_result_done(&now);
	run_result_done(&before);
	return r;
}

/* Appends `item` as a line; postconf prints a run of blanks inside braces as one. */
static void add_item(const char *item, struct buf *rest)
{
	while (*item) {
		size_t blanks = strspn(item, " \t\r\n");
		buf_putc(rest, blanks ? ' ' : *item);
		item += blanks ? blanks : 1;
	}
	buf_putc(rest, '\n');
}

/* Our items of the milter lists, without braces. */
enum { OUR_ITEMS = MAIN_MILTERS };

struct our_items {
	struct buf item[OUR_ITEMS];
};

static void our_items_read(const struct main_cf *cf, struct our_items *ours)
{
	size_t count = 0;
	for (size_t i = 0; i < cf->count && count < OUR_ITEMS; i++) {
		const struct main_def *def = &cf->def[i];
		auto_free char *name = xmemdup(cf->text + def->name, def->name_len);
		auto_buf value = BUF_INIT;
		if (!text_starts(name, "mailauth_") || !text_ends(name, "milter"))
			continue;
		main_cf_value(cf, NULL, name, &value);
		const char *at = buf_text(&value);
		if (item_list_next(&at, &ours->item[count]))
			count++;
		else
			buf_clear(&ours->item[count]);
	}
}

static void our_items_done(struct our_items *ours)
{
	for (size_t i = 0; i < ARRAY_LEN(ours->item); i++)
		buf_done(&ours->item[i]);
}

/* The list's items except ours, and how often it contains each of ours. */
static void list_without(const char *list, const struct our_items *ours, struct buf *rest,
                         size_t counts[OUR_ITEMS])
{
	auto_buf item = BUF_INIT;
	memset(counts, 0, OUR_ITEMS * sizeof(counts[0]));
	while (item_list_next(&list, &item)) {
		size_t which = 0;
		while (ours && which < OUR_ITEMS &&
		       (!ours->item[which].len ||
		        strcmp(buf_text(&item), buf_text(&ours->item[which])) != 0))
			which++;
		if (ours && which < OUR_ITEMS)
			counts[which]++;
		else
			add_item(buf_text(&item), rest);
	}
}

/* One list: an administrator's items as before, each of ours once or not at all, as in the text. */
static int compare_list(const struct validation *v, const struct step *step,
                        const char *list, struct err *err)
{
	const struct postfix_observed *observed = postfix_of(v);
	struct run_result now = { 0 };
	auto_main_cf old, new;
	cleanup(our_items_done) struct our_items ours = { 0 };
	auto_buf stripped = BUF_INIT, meant = BUF_INIT, admin = BUF_INIT;
	auto_buf rest = BUF_INIT, rest_meant = BUF_INIT, before = BUF_INIT;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &stripped);
	main_cf_parse(&old, buf_text(&stripped), stripped.len);
	main_cf_parse(&new, buf_text(step_text(step)), step_text(step)->len);
	our_items_read(&new, &ours);
	main_cf_value(&new, NULL, list, &meant);
	main_cf_value(&old, NULL, list, &admin);
	int r = postconf(v, "-xh", list, &now, err);
	if (r == 0) {
		size_t counts[OUR_ITEMS], counts_meant[OUR_ITEMS], none[OUR_ITEMS];
		list_without(buf_text(&now.out), &ours, &rest, counts);
		list_without(buf_text(&meant), &ours, &rest_meant, counts_meant);
		list_without(buf_text(&admin), &ours, &before, none);
		if (memcmp(counts, counts_meant, sizeof(counts)) != 0 || counts[0] > 1 ||
		    counts[1] > 1 || counts[2] > 1 ||
		    strcmp(buf_text(&rest), buf_text(&rest_meant)) != 0 ||
		    strcmp(buf_text(&rest), buf_text(&before)) != 0)
			r = err_set(err, ERR_FAILED,
			            _("Postfix reads %s of the new main.cf as \"%s\", "
			              "which is not the intended value"),
			            list, buf_text(&now.out));
	}
	run_result_done(&now);
	return r;
}

/* The list of restrictions as Postfix reads it: as intended, and strangers still cannot relay. */
static int compare_restrictions(const struct validation *v, const struct step *step,
                                struct err *err)
{
	static const char *const names[] = { RESTRICT_LIST, "smtpd_relay_restrictions" };
	struct run_result now[ARRAY_LEN(names)] = { 0 };
	auto_main_cf cf;
	auto_buf meant = BUF_INIT, wanted = BUF_INIT, read = BUF_INIT;
	size_t none[OUR_ITEMS];
	int r = 0;
	main_cf_parse(&cf, buf_text(step_text(step)), step_text(step)->len);
	main_cf_value(&cf, NULL, RESTRICT_LIST, &meant);
	if (!strstr(buf_text(step_text(step)), MAIN_RECIPIENT_REF))
		return 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++)
		r = postconf(v, "-xh", names[i], &now[i], err);
	if (r == 0) {
		list_without(buf_text(&now[0].out), NULL, &read, none);
		list_without(buf_text(&meant), NULL, &wanted, none);
		if (strcmp(buf_text(&read), buf_text(&wanted)) != 0)
			r = err_set(err, ERR_FAILED,
			            _("Postfix reads %s of the new main.cf as \"%s\", "
			              "which is not the intended value"),
			            RESTRICT_LIST, buf_text(&now[0].out));
		else if (!restrict_guards(&cf, buf_text(&now[0].out)) &&
		         !restrict_guards(&cf, buf_text(&now[1].out)))
			r = err_set(err, ERR_FAILED,
			            _("the new main.cf would not prevent open "
			              "relaying: smtpd_relay_restrictions is \"%s\""),
			            buf_text(&now[1].out));
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		run_result_done(&now[i]);
	return r;
}

static int copy_beside(const struct validation *v, const char *name, struct err *err)
{
	auto_free char *path = path_join(postfix_of(v)->host.config_dir, name);
	auto_buf text = BUF_INIT;
	int r = file_read(v->ctx, path, POSTFIX_FILE_LIMIT, &text, NULL, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : stage_write(v->stage, name, buf_text(&text), text.len, err);
}

static int ask_postconf(const struct validation *v, const struct step *main,
                        bool has_master, struct err *err)
{
	static const char *const lists[] = { "smtpd_milters", "non_smtpd_milters" };
	int r = copy_beside(v, "dynamicmaps.cf", err);
	if (r == 0)
		r = compare_words(v, "-n", err);
	if (r == 0 && has_master)
		r = compare_words(v, "-M", err);
	for (size_t i = 0; r == 0 && main && i < ARRAY_LEN(lists); i++)
		r = compare_list(v, main, lists[i], err);
	if (r == 0 && main)
		r = compare_restrictions(v, main, err);
	return r;
}

/* ---- values, sockets, rights ------------------------------------------------------------------ */

/* Both files, present and future. */
struct texts {
	struct main_cf old_main, main;
	struct master_cf old_master, master;
};

static void texts_done(struct texts *texts)
{
	main_cf_done(&texts->old_main);
	main_cf_done(&texts->main);
	master_cf_done(&texts->old_master);
	master_cf_done(&texts->master);
}

static void texts_read(const struct validation *v, struct texts *ret)
{
	const struct postfix_observed *observed = postfix_of(v);
	const struct step *main = validation_step(v, observed->main_path);
	const struct step *master = validation_step(v, observed->master_path);
	const struct buf *main_text = main ? step_text(main) : &observed->main_cf;
	const struct buf *master_text = master ? step_text(master) : &observed->master_cf;
	main_cf_parse(&ret->old_main, buf_text(&observed->main_cf),
	              observed->main_cf.len);
	main_cf_parse(&ret->main, buf_text(main_text), main_text->len);
	master_cf_parse(&ret->old_master, buf_text(&observed->master_cf),
	                observed->master_cf.len);
	master_cf_parse(&ret->master, buf_text(master_text), master_text->len);
}

/* Faults that existed before are the administrator's. */
static int check_values(const struct validation *v, const struct texts *texts,
                        struct err *err)
{
	const char *const argv[] = { "postconf", "-m", NULL };
	cleanup(run_result_done) struct run_result types = { 0 };
	auto_faults now = FAULTS_INIT, before = FAULTS_INIT;
	int r = v->stage ? stage_run(v->stage, argv, &types, err) : 0;
	if (r < 0)
		return r;
	const char *known =
		types.out.len && types.exit_status == 0 ? buf_text(&types.out) : NULL;
	postfix_values_check(&texts->old_main, &texts->old_master, known, &before);
	postfix_values_check(&texts->main, &texts->master, known, &now);
	const char *fault = faults_new(&now, &before);
	return fault ? err_set(err, ERR_FAILED,
	                       _("Postfix would not work with its new configuration: "
	                         "%s"),
	                       fault)
	             : 0;
}

static bool is_socket_there(void *arg, const char *path)
{
	const struct validation *v = arg;
	struct file_info info;
	struct err ignored = ERR_INIT;
	return file_look(v->ctx, path, true, &info, &ignored) == 0 &&
	       info.kind == FILE_OTHER;
}

/* The accounts of smtpd and cleanup need access to the folder of the socket. */
static int check_socket_rights(const struct validation *v, const struct main_cf *cf,
                               const char *socket, struct err *err)
{
	auto_buf owner = BUF_INIT;
	auto_account who = { 0 };
	main_cf_value(cf, NULL, "mail_owner", &owner);
	if (!text_starts(socket, "unix:/") ||
	    !account_read(v->ctx, owner.len ? buf_text(&owner) : "postfix", &who))
		return 0;
	const char *path = socket + strlen("unix:");
	const char *queue = postfix_of(v)->host.queue_dir;
	size_t len = strlen(queue);
	bool is_inside = strncmp(path, queue, len) == 0 && path[len] == '/';
	auto_free char *folder = path_parent(path);
	int r = path_check_access(v->paths, &who, is_inside ? queue : "/", folder,
	                          PATH_SEARCH, err);
	if (r == ERR_MISSING) { /* the process that starts the filter creates it */
		err_clear(err);
		r = 0;
	}
	return r;
}

/* Services that use our milters, compared with the socket of the filter. */
static int check_sockets(const struct validation *v, const struct texts *texts,
                         const char *socket, const char *filter, struct err *err)
{
	auto_faults faults = FAULTS_INIT;
	struct validation looked = *v;
	bool is_used = postfix_reach_check(&texts->main, &texts->master,
	                                   postfix_of(v)->host.queue_dir, socket, filter,
	                                   is_socket_there, &looked, &faults);
	if (faults.count)
		return err_set(err, ERR_FAILED, "%s", faults.text[0]);
	return is_used && v->stage ? check_socket_rights(v, &texts->main, socket, err)
	                           : 0;
}

/* An account that can write to a folder above a file can replace the file.  Keys have their own
 * rules (path_check.h). */
static int check_folders(const struct validation *v, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && v->stage && i < v->plan->count; i++) {
		const struct step *step = &v->plan->step[i];
		if (step_is_file(step) && step->is_present && !step->is_secret)
			r = file_check_parents(v->ctx, step->object, err);
	}
	return r;
}

static bool has_server_step(const struct validation *v)
{
	auto_free char *service = postfix_service_name(postfix_of(v));
	for (size_t i = 0; i < v->plan->count; i++)
		if (step_is_service(&v->plan->step[i]) &&
		    strcmp(v->plan->step[i].object, service) == 0)
			return true;
	return false;
}

/* A server runs with a main.cf that its programs refuse: "postfix reload" would fail, "postfix
 * status" fails as if the server did not run, and new processes of it end at once.  The effect of a
 * push could not be probed. */
static int check_readable(const struct validation *v, struct err *err)
{
	const struct postfix_host *host = &postfix_of(v)->host;
	struct err ignored = ERR_INIT;
	struct file_info info;
	if (!v->stage)
		return 0;
	if (!host->is_running &&
	    (has_server_step(v) || validation_step(v, postfix_of(v)->main_path) ||
	     validation_step(v, postfix_of(v)->master_path)) &&
	    file_look(v->ctx, host->queue_dir, true, &info, &ignored) == 0 &&
	    info.kind != FILE_DIRECTORY)
		return err_set(
			err, ERR_FAILED,
			_("queue_directory in %s is %s, which is not a folder: Postfix "
		          "cannot run with it; nothing was changed"),
			postfix_of(v)->main_path, host->queue_dir);
	err_clear(&ignored);
	auto_free char *fatal =
		host->is_running ? postfix_fatal(v->ctx, host->config_dir) : NULL;
	return fatal ? err_set(err, ERR_FAILED,
	                       _("Postfix is running, but can no longer read its "
	                         "configuration in %s: %s; correct it and push again; "
	                         "nothing was changed"),
	                       host->config_dir, fatal)
	             : 0;
}

static int check_postfix(const struct validation *v, struct err *err)
{
	const struct step *main = validation_step(v, postfix_of(v)->main_path);
	const struct step *master = validation_step(v, postfix_of(v)->master_path);
	cleanup(texts_done) struct texts texts = { 0 };
	texts_read(v, &texts);
	int r = check_readable(v, err);
	if (r == 0)
		r = check_folders(v, err);
	if (r == 0 && (main || master))
		r = check_values(v, &texts, err);
	if (r == 0 && v->stage && (main || master))
		r = ask_postconf(v, main, master != NULL, err);
	const struct opendkim_check check = postfix_dkim_check(v);
	auto_free char *socket =
		opendkim_is_in_use(&check) ? opendkim_socket(&check) : NULL;
	if (r == 0 && socket &&
	    (main || master || validation_step(v, postfix_of(v)->dkim.conf_path)))
		r = check_sockets(v, &texts, socket, "OpenDKIM", err);
	return r;
}

int postfix_validate(struct ctx *ctx, const struct plan *plan, const void *row_observed,
                     struct err *err)
{
	const struct postfix_observed *observed = row_observed;
	auto_stage stage = { 0 };
	struct validation v = { .ctx = ctx, .plan = plan, .observed = observed };
	int r = 0;
	if (!ctx->is_rooted) {
		r = stage_open(ctx, &stage, err);
		v.stage = &stage;
	}
	if (r < 0)
		return r;
	v.paths = path_check_new(ctx, plan);
	for (size_t i = 0; r == 0 && i < postfix_part_count; i++)
		if (postfix_parts[i]->validate)
			r = postfix_parts[i]->validate(&v, err);
	if (r == 0)
		r = check_postfix(&v, err);
	path_check_free(v.paths);
	return r;
}
