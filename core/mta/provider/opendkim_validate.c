/*
 * OpenDKIM before a plan is carried out: its tables and networks line by line, the rights of its
 * files, and its own check.  "opendkim -n" accepts a SigningTable that ends the daemon and a
 * configuration that it cannot read after dropping its rights, so it is not sufficient.
 */
#include "core/mta/provider/opendkim_validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "core/base/alloc.h"
#include "core/base/network.h"
#include "core/base/text.h"
#include "core/mta/check/key_check.h"
#include "core/mta/check/validate.h"
#include "core/mta/provider/opendkim.h"

/* From this number on all are compared; each file is checked anyway (key_check.c). */
#define MANY_KEYS 1000

/* ---- tables ----------------------------------------------------------------------------------- */

/* Both were checked when they were rendered; a pair of which only one is rendered was not. */
static int check_tables(const struct validation *v, struct err *err)
{
	const struct step *keys = validation_step(v, OPENDKIM_KEY_TABLE);
	const struct step *signing = validation_step(v, OPENDKIM_SIGNING_TABLE);
	auto_buf key_text = BUF_INIT, signing_text = BUF_INIT;
	bool is_proved = (!keys && !signing) || (keys && signing);
	if (is_proved)
		return 0;
	int r = validation_read(v, OPENDKIM_KEY_TABLE, &key_text, err);
	if (r > 0)
		r = validation_read(v, OPENDKIM_SIGNING_TABLE, &signing_text, err);
	if (r <=
	    0) /* a file is missing: the filter's own check determines whether it is required */
		return r;
	return opendkim_check_tables(buf_text(&key_text), buf_text(&signing_text), NULL,
	                             NULL, err);
}

static int check_path(void *arg, const char *path, struct err *err)
{
	const struct validation *v = arg;
	struct file_info info;
	if (validation_step(v, path))
		return 0;
	int r = file_look(v->ctx, path, true, &info, err);
	if (r == 0 && info.kind != FILE_REGULAR) {
		err_set(err, ERR_FAILED,
		        _("the KeyTable names %s, and that file does not exist"), path);
		r = err_add_remedy(err, "mailauthctl mta push");
	}
	return r;
}

/* Lines that the host's own table does not have: with one changed domain among 100,000 the key
 * files are not all checked. */
static int check_new_lines(const struct validation *v, struct err *err)
{
	const struct step *keys = validation_step(v, OPENDKIM_KEY_TABLE);
	struct validation looked = *v;
	if (!keys || !keys->is_present || v->plan->keys >= MANY_KEYS)
		return 0;
	return opendkim_each_new_path(&step_old(keys)->content, step_text(keys),
	                              check_path, &looked, err);
}

int opendkim_check_hosts(const char *text, struct err *err)
{
	for (size_t number = 1; *text; number++) {
		struct network net;
		char address[INET6_ADDRSTRLEN], wanted[INET6_ADDRSTRLEN + 8];
		size_t len = strcspn(text, "\n");
		auto_free char *line = xmemdup(text, len);
		text += len + (text[len] == '\n');
		if (!network_parse(line, &net))
			return err_set(
				err, ERR_FAILED,
				_("line %zu of the InternalHosts is not a network: "
			          "\"%s\""),
				number, line);
		bool is_host = net.bits == (net.family == AF_INET ? 32 : 128);
		inet_ntop(net.family, net.octets, address, sizeof(address));
		int used = snprintf(wanted, sizeof(wanted), "%s%s",
		                    net.is_excluded ? "!" : "", address);
		if (!is_host)
			snprintf(wanted + used, sizeof(wanted) - (size_t)used, "/%u",
			         net.bits);
		if (strcmp(line, wanted) != 0)
			return err_set(
				err, ERR_FAILED,
				_("line %zu of the InternalHosts, \"%s\", would never "
			          "match: OpenDKIM requires \"%s\""),
				number, line, wanted);
	}
	return 0;
}

static int check_hosts(const struct validation *v, struct err *err)
{
	const struct step *hosts = validation_step(v, OPENDKIM_INTERNAL_HOSTS);
	return hosts && hosts->is_present
	               ? opendkim_check_hosts(buf_text(step_text(hosts)), err)
	               : 0;
}

/* ---- who reads what --------------------------------------------------------------------------- */

static bool read_account(const struct opendkim_check *c, struct account *ret)
{
	const char *user = opendkim_conf_get(&c->observed->admin, "UserID");
	auto_free char *name =
		xmemdup(user ? user : "opendkim", strcspn(user ? user : "opendkim", ":"));
	return account_read(c->v->ctx, name, ret);
}

/* The filter reads its files again at every reload, without root's rights. */
static int check_rights(const struct opendkim_check *c, struct err *err)
{
	const char *const files[] = { c->observed->conf_path,  OPENDKIM_OURS,
		                      OPENDKIM_KEY_TABLE,      OPENDKIM_SIGNING_TABLE,
		                      OPENDKIM_INTERNAL_HOSTS, OPENDKIM_FINAL };
	auto_account who = { 0 };
	if (!read_account(c, &who))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int r = path_check_access(c->v->paths, &who, "/", files[i], PATH_READ,
		                          err);
		if (r == ERR_MISSING)
			err_clear(err);
		else if (r < 0)
			return r;
	}
	for (size_t i = 0; i < c->v->plan->keys; i++) {
		int r = path_check_key(c->v->paths, &who, c->v->plan->key[i].path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

char *opendkim_socket(const struct opendkim_check *c)
{
	auto_opendkim_conf ours = OPENDKIM_CONF_INIT;
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	const char *socket = NULL;
	if (validation_read(c->v, OPENDKIM_OURS, &text, &ignored) > 0 &&
	    opendkim_conf_parse(&ours, buf_text(&text), NULL, NULL, &ignored) == 0)
		socket = opendkim_conf_get(&ours, "Socket");
	if (!socket)
		socket = opendkim_conf_get(&c->observed->admin, "Socket");
	return socket ? opendkim_endpoint(socket, c->queue_dir) : NULL;
}

/* ---- its own opinion -------------------------------------------------------------------------- */

/* Appends `text` with every `from` replaced. */
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

/* Files that are named in those before them; unchanged tables are read from their paths. */
static const struct staged {
	const char *path, *name;
	bool is_table;
} staged_files[] = {
	{ OPENDKIM_CONF, "opendkim.conf", false },
	{ OPENDKIM_OURS, "ours.conf", false },
	{ OPENDKIM_KEY_TABLE, "KeyTable", true },
	{ OPENDKIM_SIGNING_TABLE, "SigningTable", true },
	{ OPENDKIM_INTERNAL_HOSTS, "InternalHosts", true },
	{ OPENDKIM_FINAL, "final.lua", true },
};

static int stage_file(const struct opendkim_check *c, const struct staged *file,
                      struct err *err)
{
	bool is_first = strcmp(file->path, OPENDKIM_CONF) == 0;
	const char *path = is_first ? c->observed->conf_path : file->path;
	const struct step *step = validation_step(c->v, path);
	if (file->is_table)
		return step && step->is_present ? stage_write(c->v->stage, file->name,
		                                              buf_text(step_text(step)),
		                                              step_text(step)->len, err)
		                                : 0;
	auto_buf text = BUF_INIT;
	int r = validation_read(c->v, path, &text, err);
	if (r <= 0)
		return r;
	for (size_t i = 1; i < ARRAY_LEN(staged_files); i++) {
		const struct staged *other = &staged_files[i];
		const struct step *moved = validation_step(c->v, other->path);
		auto_free char *to = stage_path(c->v->stage, other->name);
		auto_buf changed = BUF_INIT;
		if (other->is_table && (!moved || !moved->is_present))
			continue;
		replace_all(buf_text(&text), other->path, to, &changed);
		buf_clear(&text);
		buf_add(&text, buf_text(&changed), changed.len);
	}
	return stage_write(c->v->stage, file->name, buf_text(&text), text.len, err);
}

static int ask_filter(const struct validation *v, struct err *err)
{
	auto_free char *conf = stage_path(v->stage, "opendkim.conf");
	const char *const argv[] = { "opendkim", "-n", "-x", conf, NULL };
	cleanup(run_result_done) struct run_result result = { 0 };
	int r = stage_run(v->stage, argv, &result, err);
	if (r < 0 || result.exit_status == 0)
		return r;
	if (result.exit_status > 128)
		return err_set(
			err, ERR_FAILED,
			_("OpenDKIM is terminated by signal %d when it reads its new "
		          "configuration"),
			result.exit_status - 128);
	return err_set(
		err, ERR_FAILED, _("OpenDKIM would refuse its new configuration: %s"),
		result.errors.len ? buf_text(&result.errors) : buf_text(&result.out));
}

static bool is_key(const struct step *step)
{
	return step_is_file(step) && step->is_secret && step->is_present;
}

/* If our line is removed, the rest is the administrator's. */
bool opendkim_is_in_use(const struct opendkim_check *c)
{
	const struct step *conf = validation_step(c->v, c->observed->conf_path);
	if (!c->observed->is_installed)
		return false;
	if (conf)
		return conf->is_present &&
		       strstr(buf_text(step_text(conf)), OPENDKIM_OURS);
	return c->observed->admin.includes_ours;
}

static bool is_touched(const struct opendkim_check *c)
{
	if (validation_step(c->v, c->observed->conf_path))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(staged_files); i++)
		if (validation_step(c->v, staged_files[i].path))
			return true;
	for (size_t i = 0; i < c->v->plan->count; i++)
		if (is_key(&c->v->plan->step[i]))
			return true;
	return false;
}

int opendkim_validate(const struct opendkim_check *c, struct err *err)
{
	int r = check_tables(c->v, err);
	if (r == 0)
		r = check_new_lines(c->v, err);
	if (r == 0)
		r = check_hosts(c->v, err);
	if (r == 0)
		r = key_check_files(c->v->ctx, c->v->plan, err);
	if (r < 0 || !c->v->stage || !opendkim_is_in_use(c))
		return r;
	r = check_rights(c, err);
	if (r < 0 || !is_touched(c))
		return r;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(staged_files); i++)
		r = stage_file(c, &staged_files[i], err);
	if (r == 0)
		r = ask_filter(c->v, err);
	return r < 0 ? r : opendkim_try(c->v, err);
}
