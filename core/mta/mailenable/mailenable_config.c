/*
 * DKIM-<domain>.SYS: an element of TYPE Options has the switch SIGN and the ACTIVESELECTOR; each element
 * of TYPE Selector has a SELECTORNAME and its DNS-TXT.  This form is known from one published description
 * and was not compared with a real server, so what is missing is not a fault.
 */
#include "core/mta/mailenable/mailenable_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/mta/remote/xmldoc.h"
#include "dnszone/name/name.h"

#define BEGIN "DKIM-"
#define END ".SYS"

/* ---- one file -------------------------------------------------------------------------------- */

static bool is_type(const struct xmldoc *element, const char *type)
{
	return strcasecmp(xmldoc_text(xmldoc_child(element, "TYPE")), type) == 0;
}

/* NULL: empty, or with control characters.  The caller frees. */
static char *clean_text(const struct xmldoc *element, const char *name)
{
	const char *text = xmldoc_text(xmldoc_child(element, name));
	return *text && text_is_clean(text) ? xstrdup(text) : NULL;
}

static char *record_of(const struct xmldoc *first, const char *active)
{
	for (const struct xmldoc *at = first; at; at = xmldoc_next(at))
		if (is_type(at, "Selector") &&
		    strcmp(xmldoc_text(xmldoc_child(at, "SELECTORNAME")), active) == 0)
			return clean_text(at, "DNS-TXT");
	return NULL;
}

bool mailenable_dkim_read(const char *text, size_t len, struct mailenable_dkim *ret_dkim)
{
	auto_xmldoc *doc = xmldoc_read(text, len);
	const struct xmldoc *first = xmldoc_child(doc, "ELEMENT"), *options = first;
	char selector[NAME_SIZE];
	struct err ignored = ERR_INIT;
	while (options && !is_type(options, "Options"))
		options = xmldoc_next(options);
	if (!options)
		return false;
	const char *active = xmldoc_text(xmldoc_child(options, "ACTIVESELECTOR"));
	bool is_valid = name_parse_selector(active, selector, &ignored) == 0;
	*ret_dkim = (struct mailenable_dkim){
		.signs = strcmp(xmldoc_text(xmldoc_child(options, "SIGN")), "1") == 0,
		.selector = is_valid ? xstrdup(selector) : NULL,
		.record = record_of(first, active),
	};
	return true;
}

void mailenable_dkim_done(struct mailenable_dkim *dkim)
{
	free(dkim->selector);
	free(dkim->record);
	*dkim = (struct mailenable_dkim){ 0 };
}

/* ---- the folder ------------------------------------------------------------------------------ */

struct reading {
	const struct ctx *ctx;
	const char *folder;
	struct mailenable_config *config;
};

/* NULL: `into` has the content; else why it has not. */
static const char *read_file(const struct ctx *ctx, const char *path, struct buf *into)
{
	struct stat st;
	auto_close int fd = file_open_raw(
		ctx, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ELOOP ? N_("it is a symbolic link")
		                      : N_("it cannot be opened");
	if (!S_ISREG(st.st_mode))
		return N_("it is not a regular file");
	for (;;) {
		char octets[4096];
		ssize_t got = read(fd, octets, sizeof(octets));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return N_("it cannot be read");
		if (got == 0)
			return NULL;
		if (into->len + (size_t)got > MAILENABLE_FILE_LIMIT)
			return N_("it is longer than 64 KiB");
		buf_add(into, octets, (size_t)got);
	}
}

static void add_domain(struct reading *reading, const char *file, const char *name)
{
	struct mailenable_config *config = reading->config;
	struct mailenable_domain domain = { .name = xstrdup(name) };
	auto_free char *path = path_join(reading->folder, file);
	auto_buf text = BUF_INIT;
	domain.fault = read_file(reading->ctx, path, &text);
	if (!domain.fault &&
	    !mailenable_dkim_read(buf_text(&text), text.len, &domain.dkim))
		domain.fault = N_("it has no DKIM options");
	GROW(config->domain, config->count, config->room);
	config->domain[config->count++] = domain;
}

static int take_name(void *arg, const char *file, struct err *err)
{
	struct reading *reading = arg;
	char name[NAME_SIZE];
	struct err ignored = ERR_INIT;
	size_t len = strlen(file), fixed = strlen(BEGIN) + strlen(END);
	(void)err;
	if (len <= fixed || strncasecmp(file, BEGIN, strlen(BEGIN)) != 0 ||
	    strcasecmp(file + len - strlen(END), END) != 0)
		return 0;
	if (reading->config->count + reading->config->invalid == MAILENABLE_FILES) {
		reading->config->is_cut = true;
		return 1;
	}
	auto_free char *text = xmemdup(file + strlen(BEGIN), len - fixed);
	if (name_parse_domain(text, name, &ignored) == 0)
		add_domain(reading, file, name);
	else
		reading->config->invalid++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct mailenable_domain *x = a, *y = b;
	return strcmp(x->name, y->name);
}

/* Names that differ in case are one. */
static void sort(struct mailenable_config *config)
{
	size_t kept = 0;
	if (config->count > 1)
		qsort(config->domain, config->count, sizeof(config->domain[0]), compare);
	for (size_t i = 0; i < config->count; i++) {
		struct mailenable_domain *at = &config->domain[i];
		if (kept && strcmp(config->domain[kept - 1].name, at->name) == 0) {
			free(at->name);
			mailenable_dkim_done(&at->dkim);
		} else {
			config->domain[kept++] = *at;
		}
	}
	config->count = kept;
}

int mailenable_config_read(const struct ctx *ctx, const char *folder,
                           struct mailenable_config *ret_config, struct err *err)
{
	auto_mailenable_config config = { 0 };
	struct reading reading = { ctx, folder, &config };
	struct file_info info;
	int r = file_look(ctx, folder, false, &info, err);
	if (r == 0 && info.kind == FILE_ABSENT)
		return err_set(err, ERR_MISSING, _("%s does not exist"), folder);
	if (r == 0 && info.kind != FILE_DIRECTORY)
		return err_set(err, ERR_FAILED, _("%s is not a folder"), folder);
	if (r == 0)
		r = file_list(ctx, folder, take_name, &reading, err);
	if (r < 0)
		return r;
	sort(&config);
	*ret_config = config;
	config = (struct mailenable_config){ 0 };
	return 0;
}

void mailenable_config_done(struct mailenable_config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		free(config->domain[i].name);
		mailenable_dkim_done(&config->domain[i].dkim);
	}
	free(config->domain);
	*config = (struct mailenable_config){ 0 };
}
