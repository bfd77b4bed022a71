/* Changes whose bodies take the app. */
#include "cli/app/app.h"
#include "core/job/change_push.h"

struct app_body {
	struct app *app;
	int (*body)(struct app *app, void *arg, struct err *err);
	void *arg;
};

static int run_body(struct session *session, void *arg, struct err *err)
{
	const struct app_body *body = arg;
	(void)session;
	return body->body(body->app, body->arg, err);
}

int app_change(struct app *app, unsigned needs,
               int (*body)(struct app *app, void *arg, struct err *err), void *arg,
               struct err *err)
{
	struct app_body own = { app, body, arg };
	return change_push_run(&app->session,
	                       needs & NEED_PUSH ? CHANGE_PUSHED : CHANGE_SAVED, run_body,
	                       &own, err);
}

int app_try(struct app *app, int (*body)(struct app *app, void *arg, struct err *err),
            void *arg, struct err *err)
{
	struct app_body own = { app, body, arg };
	return change_push_try(&app->session, run_body, &own, err);
}
