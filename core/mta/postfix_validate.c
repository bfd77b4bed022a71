/*
 * What the servers' own programs say about a finished plan, on a copy in a private folder.
 *
 * postconf(1) never fails on bad values, and warnings are normal on healthy hosts: so what it says
 * about the copy is compared with what it says about the present files, and the milter lists that
 * it reads with those that were meant.
 */
#include "core/mta/postfix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/opendkim.h"
#include "core/mta/postfix_main.h"
#include "core/mta/postfix_part.h"
#include "core/mta/postfix_restrict.h"

static const struct step *find_file(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->step[i].kind == STEP_FILE &&
		    strcmp(plan->step[i].object, path) == 0)
			return &plan->step[i];
	return NULL;
}

/* ---- a private folder ------------------------------------------------------------------------- */

static int stage_make(char folder[], struct err *err)
{
	if (mkdtemp(folder))
		return 0;
	return err_errno(err, errno, _("cannot make a private folder %s"), folder);
}

static void stage_remove(const char *folder, const char *const *names)
{
	for (; *names; names++) {
		auto_free char *path = path_join(folder, *names);
		unlink(path);
	}
	rmdir(folder);
}

static int stage_write(const char *folder, const char *name, const char *octets,
                       size_t len, struct err *err)
{
	auto_free char *path = path_join(folder, name);
	auto_close int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_errno(err, errno, _("cannot write %s"), path);
	while (len) {
		ssize_t n = write(fd, octets, len);
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, _("cannot write %s"), path);
		octets += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	/* Postfix reads a main.cf that changed within the last second again and again */
	const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	if (futimens(fd, long_ago) < 0)
		return err_errno(err, errno, _("cannot date %s"), path);
	return 0;
}

/* ---- main.cf and master.cf ------------------------------------------------------------------------ */

static int postconf(struct ctx *ctx, const char *folder, const char *option,
                    const char *name, struct run_result *ret_result, struct err *err)
{
	const char *const argv[] = { "postconf", "-c", folder, option, name, NULL };
	struct run_spec spec = { .argv = argv };
	return run(ctx, &spec, ret_result, err);
}

/* The text with every ", line 12" without its number: our lines move those behind them. */
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

/* A complaint of `now` that stands not in `before`; NULL: none. */
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

/* Both files as they will stand (`is_new`) or stand, in the folder. */
static int stage_both(const char *folder, const struct plan *plan,
                      const struct mta_seen *seen, bool is_new, struct err *err)
{
	const struct {
		const char *name, *path;
		const struct buf *present;
	} files[] = { { "main.cf", seen->main_path, &seen->main_cf },
		      { "master.cf", seen->master_path, &seen->master_cf } };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *staged = path_join(folder, files[i].name);
		const struct step *step =
			is_new && files[i].path ? find_file(plan, files[i].path) : NULL;
		const struct buf *text = step ? &step->content : files[i].present;
		unlink(staged);
		int r = stage_write(folder, files[i].name, buf_text(text), text->len,
		                    err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What postconf says of the present files and of the new ones, each in the same folder, where the
 * new ones stay. */
static int compare_words(struct ctx *ctx, const char *folder, const struct plan *plan,
                         const struct mta_seen *seen, const char *option, struct err *err)
{
	struct run_result now = { 0 }, before = { 0 };
	int r = stage_both(folder, plan, seen, false, err);
	if (r == 0)
		r = postconf(ctx, folder, option, NULL, &before, err);
	if (r == 0)
		r = stage_both(folder, plan, seen, true, err);
	if (r == 0)
		r = postconf(ctx, folder, option, NULL, &now, err);
	if (r == 0) {
		auto_free char *said =
			new_complaint(buf_text(&now.errors), buf_text(&before.errors));
		if (said)
			r = err_set(err, ERR_FAILED,
			            _("Postfix would not take its new configuration: %s"),
			            said);
		else if (now.exit_status && !before.exit_status)
			r = err_set(err, ERR_FAILED,
			            _("Postfix would not take its new configuration: "
			              "postconf ends with status %d"),
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
struct our_items {
	struct buf item[2];
};

static void our_items_read(const struct main_cf *cf, struct our_items *ours)
{
	static const char *const names[] = { "mailauth_milter", "mailauth_dmarc_milter" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_buf value = BUF_INIT;
		main_cf_value(cf, NULL, names[i], &value);
		const char *at = buf_text(&value);
		if (!main_list_next(&at, &ours->item[i]))
			buf_clear(&ours->item[i]);
	}
}

static void our_items_done(struct our_items *ours)
{
	for (size_t i = 0; i < ARRAY_LEN(ours->item); i++)
		buf_done(&ours->item[i]);
}

/* The list's items but ours, and how often each of ours is among them. */
static void list_without(const char *list, const struct our_items *ours, struct buf *rest,
                         size_t counts[2])
{
	auto_buf item = BUF_INIT;
	counts[0] = counts[1] = 0;
	while (main_list_next(&list, &item)) {
		size_t which = 0;
		while (ours && which < 2 &&
		       (!ours->item[which].len ||
		        strcmp(buf_text(&item), buf_text(&ours->item[which])) != 0))
			which++;
		if (ours && which < 2)
			counts[which]++;
		else
			add_item(buf_text(&item), rest);
	}
}

/* One list: an admin's items as before, each of ours once or not at all, as the text says. */
static int compare_list(struct ctx *ctx, const char *folder, const struct mta_seen *seen,
                        const struct step *step, const char *list, struct err *err)
{
	struct run_result now = { 0 };
	auto_main_cf old, new;
	cleanup(our_items_done) struct our_items ours = { 0 };
	auto_buf stripped = BUF_INIT, meant = BUF_INIT, admin = BUF_INIT;
	auto_buf rest = BUF_INIT, rest_meant = BUF_INIT, before = BUF_INIT;
	main_cf_strip(buf_text(&seen->main_cf), seen->main_cf.len, &stripped);
	main_cf_parse(&old, buf_text(&stripped), stripped.len);
	main_cf_parse(&new, buf_text(&step->content), step->content.len);
	our_items_read(&new, &ours);
	main_cf_value(&new, NULL, list, &meant);
	main_cf_value(&old, NULL, list, &admin);
	int r = postconf(ctx, folder, "-xh", list, &now, err);
	if (r == 0) {
		size_t counts[2], counts_meant[2], none[2];
		list_without(buf_text(&now.out), &ours, &rest, counts);
		list_without(buf_text(&meant), &ours, &rest_meant, counts_meant);
		list_without(buf_text(&admin), &ours, &before, none);
		if (memcmp(counts, counts_meant, sizeof(counts)) != 0 || counts[0] > 1 ||
		    counts[1] > 1 ||
		    strcmp(buf_text(&rest), buf_text(&rest_meant)) != 0 ||
		    strcmp(buf_text(&rest), buf_text(&before)) != 0)
			r = err_set(
				err, ERR_FAILED,
				_("Postfix reads %s of the new main.cf as \"%s\", which is not what "
			          "was meant"),
				list, buf_text(&now.out));
	}
	run_result_done(&now);
	return r;
}

/* The list of restrictions as Postfix reads it: as meant, and still no stranger may relay. */
static int compare_restrictions(struct ctx *ctx, const char *folder,
                                const struct step *step, struct err *err)
{
	static const char *const names[] = { RESTRICT_LIST, "smtpd_relay_restrictions" };
	struct run_result now[ARRAY_LEN(names)] = { 0 };
	auto_main_cf cf;
	auto_buf meant = BUF_INIT, wanted = BUF_INIT, read = BUF_INIT;
	size_t none[2];
	int r = 0;
	main_cf_parse(&cf, buf_text(&step->content), step->content.len);
	main_cf_value(&cf, NULL, RESTRICT_LIST, &meant);
	if (!strstr(buf_text(&step->content), MAIN_RECIPIENT_REF))
		return 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++)
		r = postconf(ctx, folder, "-xh", names[i], &now[i], err);
	if (r == 0) {
		list_without(buf_text(&now[0].out), NULL, &read, none);
		list_without(buf_text(&meant), NULL, &wanted, none);
		if (strcmp(buf_text(&read), buf_text(&wanted)) != 0)
			r = err_set(
				err, ERR_FAILED,
				_("Postfix reads %s of the new main.cf as \"%s\", which is not what "
			          "was meant"),
				RESTRICT_LIST, buf_text(&now[0].out));
		else if (!restrict_guards(&cf, buf_text(&now[0].out)) &&
		         !restrict_guards(&cf, buf_text(&now[1].out)))
			r = err_set(
				err, ERR_FAILED,
				_("with the new main.cf nothing would keep strangers from relaying: "
			          "smtpd_relay_restrictions is \"%s\""),
				buf_text(&now[1].out));
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		run_result_done(&now[i]);
	return r;
}

static int copy_beside(struct ctx *ctx, const char *folder, const struct mta_seen *seen,
                       const char *name, struct err *err)
{
	auto_free char *path = path_join(seen->host.config_dir, name);
	auto_buf text = BUF_INIT;
	int r = file_read(ctx, path, POSTFIX_FILE_LIMIT, &text, NULL, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : stage_write(folder, name, buf_text(&text), text.len, err);
}

static int validate_postfix(struct ctx *ctx, const struct plan *plan,
                            const struct mta_seen *seen, struct err *err)
{
	static const char *const names[] = { "main.cf", "master.cf", "dynamicmaps.cf",
		                             NULL };
	static const char *const lists[] = { "smtpd_milters", "non_smtpd_milters" };
	const struct step *step =
		seen->main_path ? find_file(plan, seen->main_path) : NULL;
	bool has_master = seen->master_path && find_file(plan, seen->master_path);
	char folder[] = "/tmp/mailauthctl-main.XXXXXX";
	if (!step && !has_master)
		return 0;
	int r = stage_make(folder, err);
	if (r < 0)
		return r;
	r = copy_beside(ctx, folder, seen, "dynamicmaps.cf", err);
	if (r == 0)
		r = compare_words(ctx, folder, plan, seen, "-n", err);
	if (r == 0 && has_master)
		r = compare_words(ctx, folder, plan, seen, "-M", err);
	for (size_t i = 0; r == 0 && step && i < ARRAY_LEN(lists); i++)
		r = compare_list(ctx, folder, seen, step, lists[i], err);
	if (r == 0 && step)
		r = compare_restrictions(ctx, folder, step, err);
	stage_remove(folder, names);
	return r;
}

/* ---- OpenDKIM --------------------------------------------------------------------------------- */

/* `text` with every `from` replaced. */
static void replace_all(const char *text, const char *from, const char *to,
                        struct buf *into)
{
	const char *at;
	while ((at = strstr(text, from))) {
		buf_add(into, text, (size_t)(at - text));
		buf_puts(into, to);
		text = at + strlen(from);
	}
	buf_puts(into, text);
}

/* The file as it will stand, with its tables and Include in the folder. */
static int stage_filter_file(struct ctx *ctx, const char *folder, const struct plan *plan,
                             const char *path, const char *name, struct err *err)
{
	const struct step *step = find_file(plan, path);
	auto_buf present = BUF_INIT, moved = BUF_INIT, text = BUF_INIT;
	int r = 0;
	if (step && !step->is_present)
		return 0;
	if (!step)
		r = file_read(ctx, path, (size_t)1 << 30, &present, NULL, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	auto_free char *inside = xasprintf("%s/", folder);
	replace_all(buf_text(step ? &step->content : &present), OPENDKIM_FOLDER "/",
	            inside, &moved);
	auto_free char *ours = path_join(folder, "ours.conf");
	replace_all(buf_text(&moved), OPENDKIM_OURS, ours, &text);
	return stage_write(folder, name, buf_text(&text), text.len, err);
}

static int ask_filter(struct ctx *ctx, const char *folder, struct err *err)
{
	auto_free char *conf = path_join(folder, "opendkim.conf");
	const char *const argv[] = { "opendkim", "-n", "-x", conf, NULL };
	struct run_spec spec = { .argv = argv };
	struct run_result result = { 0 };
	int r = run(ctx, &spec, &result, err);
	if (r == 0 && (result.exit_status || result.is_timed_out))
		r = err_set(err, ERR_FAILED,
		            _("OpenDKIM would not take its new configuration: %s"),
		            result.errors.len ? buf_text(&result.errors)
		                              : buf_text(&result.out));
	run_result_done(&result);
	return r;
}

static int validate_filter(struct ctx *ctx, const struct plan *plan,
                           const struct mta_seen *seen, struct err *err)
{
	static const char *const names[] = { "opendkim.conf", "ours.conf",     "KeyTable",
		                             "SigningTable",  "InternalHosts", NULL };
	const char *const paths[] = { seen->dkim.conf_path, OPENDKIM_OURS,
		                      OPENDKIM_KEY_TABLE, OPENDKIM_SIGNING_TABLE,
		                      OPENDKIM_INTERNAL_HOSTS };
	char folder[] = "/tmp/mailauthctl-filter.XXXXXX";
	bool is_touched = false;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		is_touched = is_touched || find_file(plan, paths[i]);
	/* Where our line goes what is left is the admin's own matter. */
	const struct step *conf = find_file(plan, seen->dkim.conf_path);
	bool goes = conf && (!conf->is_present ||
	                     !strstr(buf_text(&conf->content), OPENDKIM_OURS));
	if (!is_touched || !seen->dkim.is_installed || goes ||
	    (!conf && !seen->dkim.admin.includes_ours))
		return 0;
	int r = stage_make(folder, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(paths); i++)
		r = stage_filter_file(ctx, folder, plan, paths[i], names[i], err);
	if (r == 0)
		r = ask_filter(ctx, folder, err);
	stage_remove(folder, names);
	return r;
}

/* ---- key files that the tables name ----------------------------------------------------------- */

struct key_paths {
	struct ctx *ctx;
	const char **path; /* of files that the plan makes, sorted */
	size_t count;
};

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_path(void *arg, const char *path, struct err *err)
{
	const struct key_paths *known = arg;
	struct file_info info;
	if (known->count &&
	    bsearch(&path, known->path, known->count, sizeof(path), compare_texts))
		return 0;
	int r = file_look(known->ctx, path, true, &info, err);
	if (r == 0 && info.kind != FILE_REGULAR)
		r = err_set(
			err, ERR_FAILED,
			_("the KeyTable names %s, and there is no such file: run \"mailauthctl mta "
		          "push\", which looks at every key"),
			path);
	return r;
}

/* The tables were proved when they were made: what is left are files that nobody looked at yet. */
static int validate_keys(struct ctx *ctx, const struct plan *plan, struct err *err)
{
	const struct step *keys = find_file(plan, OPENDKIM_KEY_TABLE);
	if (!keys || !keys->is_present)
		return 0;
	auto_free const char **paths = xcalloc(plan->count + 1, sizeof(paths[0]));
	struct key_paths known = { .ctx = ctx, .path = paths };
	for (size_t i = 0; i < plan->count; i++)
		if (plan->step[i].kind == STEP_FILE && plan->step[i].is_present)
			paths[known.count++] = plan->step[i].object;
	if (known.count > 1)
		qsort(paths, known.count, sizeof(paths[0]), compare_texts);
	return opendkim_each_new_path(&keys->old_content, &keys->content, check_path,
	                              &known, err);
}

int postfix_validate(struct ctx *ctx, const struct plan *plan,
                     const struct mta_seen *seen, struct err *err)
{
	int r = validate_keys(ctx, plan, err);
	if (r == 0 && !ctx->is_rooted)
		r = validate_postfix(ctx, plan, seen, err);
	if (r == 0 && !ctx->is_rooted)
		r = validate_filter(ctx, plan, seen, err);
	for (size_t i = 0; r == 0 && i < postfix_part_count; i++)
		if (postfix_parts[i]->validate)
			r = postfix_parts[i]->validate(ctx, plan, seen, err);
	return r;
}
