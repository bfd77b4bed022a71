/* Files as they will be after a plan was carried out. */
#include "core/mta/check/validate.h"

#include <string.h>

#include "core/mta/plan/step.h"

const struct step *validation_step(const struct validation *v, const char *path)
{
	return plan_find_file(v->plan, path);
}

int validation_read(const struct validation *v, const char *path, struct buf *into,
                    struct err *err)
{
	const struct step *step = validation_step(v, path);
	if (step && !step->is_present)
		return 0;
	if (step) {
		auto_secret room = SECRET_INIT;
		const char *text;
		size_t len;
		int r = step_content(step, &v->plan->key_source, &room, &text, &len, err);
		if (r == 0)
			buf_add(into, text, len);
		return r < 0 ? r : 1;
	}
	return file_read_if_there(v->ctx, path, STEP_FILE_LIMIT, into, err);
}
