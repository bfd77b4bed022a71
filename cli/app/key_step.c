/* The next step of a key's life. */
#include "cli/app/key_step.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"

static const struct {
	const char *state;
	struct key_step step;
} steps[] = {
	{ "retiring", { 0, "revoked", NULL, N_("revoked") } },
	{ "revoked", { 0, "deleted", NULL, N_("deleted") } },
	{ "resting", { 0, "parked", NULL, N_("parked") } },
};

static int step_of_pending(struct app *app, const struct key *key, struct key_step *step,
                           struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *text = NULL;
	enum publish_wait wait = PUBLISH_WAITS_NOT;
	int r = domain_look(app->session.store, key->domain, &domain, err);
	if (r > 0)
		r = publish_wait_of(app->session.store, &domain, &wait, &text, err);
	step->next = "active";
	if (wait == PUBLISH_WAITS_EXPORT) {
		step->waits_for = "export";
		step->text = N_("active when its zone is exported");
	} else {
		step->waits_for = "dns";
		step->text = N_("active when its record is in DNS");
	}
	return r < 0 ? r : 0;
}

static int step_of_active(struct app *app, const struct key *key, struct key_step *step,
                          struct err *err)
{
	int64_t due;
	if (key->due) {
		step->next = "retiring";
		step->text = N_("retiring when the key that replaces it is active");
		return 0;
	}
	int r = keyring_rotation_due(app->session.store, key, &due, err);
	if (r >= 0 && due) {
		step->due = due;
		step->next = "rotation";
		step->text = N_("rotation");
	}
	return r;
}

int key_step_load(struct app *app, const struct key *key, struct key_step *ret_step,
                  struct err *err)
{
	struct key_step step = { 0 };
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (strcmp(steps[i].state, key->state) == 0)
			step = steps[i].step;
	step.due = key->due;
	if (strcmp(key->state, "pending") == 0)
		r = step_of_pending(app, key, &step, err);
	else if (strcmp(key->state, "active") == 0)
		r = step_of_active(app, key, &step, err);
	if (r >= 0)
		*ret_step = step;
	return r;
}

void key_step_put(struct app *app, const struct key_step *step)
{
	out_time(app->out, step->due);
	out_text(app->out, step->next);
	out_text(app->out, step->waits_for);
	out_text(app->out, step->text ? _(step->text) : NULL);
}
