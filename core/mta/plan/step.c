/* core/mta/plan/step.c: the table of step kinds, and functions that several of them share. */
#include "core/mta/plan/step.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

const struct step_type *const step_types[STEP_KIND_COUNT] = {
	[STEP_FILE] = &step_file_type,     [STEP_MKDIR] = &step_mkdir_type,
	[STEP_REMOTE] = &step_remote_type, [STEP_SERVICE] = &step_service_type,
	[STEP_PROBE] = &step_probe_type,
};

const char *step_title(const struct step *step, struct buf *room)
{
	const struct step_type *type = step_types[step->kind];

	buf_clear(room);
	return type->title ? type->title(step, room) : step->object;
}

static void content_free(const struct step *step)
{
	if (step->is_key || !step->content)
		return;
	if (step->is_secret && step->content->at)
		explicit_bzero(step->content->at, step->content->room);
	buf_done(step->content);
	free(step->content);
}

const struct buf *step_text(const struct step *step)
{
	static const struct buf empty;

	return step_types[step->kind]->has_content && !step->is_key && step->content
	               ? step->content
	               : &empty;
}

const struct step_old *step_old(const struct step *step)
{
	static const struct step_old nothing;

	return step->old ? step->old : &nothing;
}

struct step_old *step_fill_old(struct step *step)
{
	if (!step->old)
		step->old = xcalloc(1, sizeof(*step->old));
	return step->old;
}

void step_done(struct step *step)
{
	const struct step_type *type = step_types[step->kind];

	if (type->has_content)
		content_free(step);
	if (type->done)
		type->done(step);
	if (step->old) {
		if (step->is_secret && step->old->content.at)
			explicit_bzero(step->old->content.at, step->old->content.room);
		buf_done(&step->old->content);
	}
	free(step->old);
	free(step->object);
	free(step->domain);
	*step = (struct step){ 0 };
}

bool step_meta_holds(const struct file_meta *have, const struct file_meta *want)
{
	return (want->mode == FILE_KEEP_MODE || want->mode == have->mode) &&
	       (want->uid == FILE_KEEP_UID || want->uid == have->uid) &&
	       (want->gid == FILE_KEEP_GID || want->gid == have->gid);
}

char *step_aside_path(const char *path)
{
	return xasprintf("%s.mailauthctl-old", path);
}

int step_fail_changed(const char *object, struct err *err)
{
	return err_set(err, ERR_FAILED,
	               _("%s was changed outside mailauthctl at the same time"), object);
}

int step_fail_kept(const char *object, struct err *err)
{
	return err_set(err, ERR_FAILED,
	               _("%s was changed outside mailauthctl during the push: it is "
	                 "not overwritten"),
	               object);
}

int step_fail_lost(const char *object, struct err *err)
{
	(void)err_set(err, ERR_FAILED,
	              _("the secret that was in %s is deleted and cannot be "
	                "restored; to write the current one, run \"mailauthctl mta "
	                "push\""),
	              object);
	return err_set_remedy(err, "mailauthctl mta push");
}

int step_content(const struct step *step, const struct key_source *keys,
                 struct secret *room, const char **ret_text, size_t *ret_len,
                 struct err *err)
{
	struct digest digest;
	int rc;

	if (!step->is_key) {
		*ret_text = buf_text(step_text(step));
		*ret_len = step_text(step)->len;
		return 0;
	}
	rc = keys->pem(keys->arg, step->key_id, room, err);
	if (rc)
		return rc;
	digest_of(room->at, room->len, &digest);
	if (memcmp(digest.at, step->new_digest.at, DIGEST_LEN) != 0)
		return step_fail_changed(step->object, err);
	*ret_text = (const char *)room->at;
	*ret_len = room->len;
	return 0;
}
