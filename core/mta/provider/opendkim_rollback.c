/*
 * Keys of an earlier push: every line of a KeyTable that is restored must name a key whose record
 * is published under that name.
 */
#include "core/mta/provider/opendkim.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/model/key/signing.h"

char *opendkim_key_selector(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name), ending = strlen(OPENDKIM_KEY_ENDING);

	return len > ending && strcmp(name + len - ending, OPENDKIM_KEY_ENDING) == 0
	               ? xmemdup(name, len - ending)
	               : NULL;
}

static int check_line(struct store *store, int64_t push_id, const char *line, size_t len,
                      struct err *err)
{
	auto_free char *text = xmemdup(line, len);
	char *name = strchr(text, ' ');
	char *selector = name ? strchr(name, ':') : NULL;
	int rc;

	if (!selector)
		return 0;
	*selector++ = '\0';
	selector[strcspn(selector, ":")] = '\0';
	rc = signing_is_published(store, name + 1, selector, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return err_set(
		err, ERR_FAILED,
		_("after push %lld mail of %s was signed with the key %s, which is no "
	          "longer published under that name: choose a later push, or change "
	          "the settings instead"),
		(long long)push_id, name + 1, selector);
}

/* The KeyTable that is restored, wherever it is stored. */
int opendkim_check_rollback(struct store *store, const struct plan *plan, int64_t push_id,
                            struct err *err)
{
	const size_t ending = strlen(OPENDKIM_KEY_TABLE);
	int rc = 0;

	for (size_t i = 0; i < plan->count && !rc; i++) {
		const struct step *step = &plan->step[i];
		size_t len = strlen(step->object);

		if (!step_is_file(step) || !step->is_present || len < ending ||
		    strcmp(step->object + len - ending, OPENDKIM_KEY_TABLE) != 0)
			continue;
		for (const char *at = buf_text(step_text(step)); *at && !rc;) {
			size_t line = strcspn(at, "\n");

			rc = check_line(store, push_id, at, line, err);
			at += line + (at[line] == '\n');
		}
	}
	return rc;
}
