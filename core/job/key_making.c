/* Key pairs in the order in which they are finished. */
#include "core/job/key_making.h"

enum { TICK_MS = 200 };

int key_making_run(struct session *session, const struct keygen_job *job, size_t count,
                   int (*each)(void *arg, size_t index, struct key_pair *pair,
                               struct err *err),
                   void *arg, struct err *err)
{
	struct keygen *keygen = count ? keygen_new(job, count) : NULL;
	int r = 0;
	for (size_t made = 0; r >= 0 && made < count;) {
		size_t index = 0;
		struct key_pair pair;
		r = keygen_next(keygen, TICK_MS, &index, &pair, err);
		if (r <= 0)
			continue;
		session_progress(session, _("generating keys"), ++made, count);
		r = each(arg, index, &pair, err);
	}
	session_progress(session, NULL, 0, 0);
	keygen_free(keygen);
	return r < 0 ? r : 0;
}
