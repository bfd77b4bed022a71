/* authority.c, livecheck.c and fan.c: who is asked, where CNAMEs lead, what counts as seen, and how many are
 * asked at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/fan.h"
#include "core/base/text.h"
#include "dnszone/dkim/livecheck.h"
#include "tests/unit/resolver_mock.h"

#define RECORD "v=DKIM1; k=rsa; p=MCAwDQYJKoZIhvcNAQEBBQADDwAwCgIEfxEiMwIDAQAB"
#define OTHER "v=DKIM1; k=rsa; p=MCAwDQYJKoZIhvcNAQEBBQADDwAwCgIEfxEiNAIDAQAB"
#define OWNER "s._domainkey.example.com"

/* A row of one server, or (NULL) of the resolver through which servers are found. */
struct row {
	const char *at;
	struct mock_row row;
};

/* example.com has two servers, example.net one, _domainkey.deleg.example one of its own. */
static const struct row servers[] = {
	{ NULL, { "example.com", "NS", "ns1.example.com" } },
	{ NULL, { "example.com", "NS", "ns2.example.com" } },
	{ NULL, { "ns1.example.com", "A", "192.0.2.1" } },
	{ NULL, { "ns2.example.com", "A", "192.0.2.2" } },
	{ NULL, { "example.net", "NS", "ns.example.net" } },
	{ NULL, { "ns.example.net", "A", "192.0.2.3" } },
	{ NULL, { "deleg.example", "NS", "ns1.example.com" } },
	{ NULL, { "_domainkey.deleg.example", "NS", "ns.example.net" } },
};

#define ROWS_MAX 40

struct world {
	const struct row *rows;
	unsigned opened;
	const char *unreachable; /* an address that this host has no way to */
};

static struct resolver *mock_of(const struct row *rows, const char *at)
{
	struct resolver *mock = resolver_mock_new(MOCK_OPEN);
	struct err err = ERR_INIT;
	for (size_t i = 0; rows && rows[i].row.name; i++)
		if (text_same(rows[i].at, at))
			assert_int_equal(resolver_mock_add(mock, &rows[i].row, &err), 0);
	return mock;
}

static int open_mock(void *arg, const struct query_server *server,
                     struct resolver **ret_resolver)
{
	struct world *world = arg;
	if (text_same(world->unreachable, "all") ||
	    text_same(world->unreachable, server->text))
		return 0;
	*ret_resolver = mock_of(world->rows, server->text);
	world->opened++;
	return 1;
}

static void look(struct world *world, const char *owner, struct live_answer *ret_answer)
{
	struct err err = ERR_INIT;
	auto_resolver *via = mock_of(world->rows, NULL);
	const struct authority_way way = { via, open_mock, world };
	for (size_t i = 0; i < ARRAY_LEN(servers); i++)
		assert_int_equal(resolver_mock_add(via, &servers[i].row, &err), 0);
	livecheck_ask(&way, LIVE_DKIM, owner, RECORD, deadline_in_ms(1000), ret_answer);
}

static void check(const struct row *rows, const char *owner, enum live_state state,
                  const char *said)
{
	struct world world = { .rows = rows };
	struct live_answer answer;
	look(&world, owner, &answer);
	if (answer.state != state || (said && !strstr(answer.detail, said)))
		fail_msg("%s: %s: %s", owner, live_state_name(answer.state),
		         answer.detail);
	assert_int_equal(state == LIVE_SEEN, !*answer.detail);
}

#define A1 "192.0.2.1"
#define A2 "192.0.2.2"
#define A3 "192.0.2.3"
#define END                              \
	{                                \
		NULL,                    \
		{                        \
			NULL, NULL, NULL \
		}                        \
	}

static void test_all_servers(void **state)
{
	static const struct row both[] = { { A1, { OWNER, "TXT", RECORD } },
		                           { A2, { OWNER, "TXT", RECORD } },
		                           END };
	static const struct row one[] = { { A1, { OWNER, "TXT", RECORD } }, END };
	static const struct row dead[] = { { A1, { OWNER, "TIMEOUT", NULL } },
		                           { A2, { OWNER, "TXT", RECORD } },
		                           END };
	static const struct row dead_and_other[] = { { A1, { OWNER, "TIMEOUT", NULL } },
		                                     { A2, { OWNER, "TXT", OTHER } },
		                                     END };
	static const struct row two[] = { { A1, { OWNER, "TXT", RECORD } },
		                          { A2, { OWNER, "TXT", RECORD } },
		                          { A2, { OWNER, "TXT", "v=spf1 -all" } },
		                          END };
	(void)state;
	check(both, OWNER, LIVE_SEEN, NULL);
	check(one, OWNER, LIVE_MISSING, A2 " does not have it");
	check(dead, OWNER, LIVE_UNKNOWN, NULL);
	/* what one server says for certain is told, a silent one beside it or not */
	check(dead_and_other, OWNER, LIVE_DIFFERENT,
	      A2 ": the record contains another key");
	check(two, OWNER, LIVE_DIFFERENT, A2 ": there are 2 TXT records");
	check(both, "s._domainkey.example.org", LIVE_UNKNOWN, "no name server");
}

/* At its own servers, whatever those of the first zone say of the target. */
static void test_cname(void **state)
{
	static const struct row seen[] = {
		{ A1, { OWNER, "CNAME", "k.example.net" } },
		{ A2, { OWNER, "CNAME", "k.example.net" } },
		{ A3, { "k.example.net", "TXT", RECORD } },
		END,
	};
	static const struct row stale[] = {
		{ A1, { OWNER, "CNAME", "k.example.net" } },
		{ A1, { "k.example.net", "TXT", RECORD } },
		{ A2, { OWNER, "CNAME", "k.example.net" } },
		{ A2, { "k.example.net", "TXT", RECORD } },
		{ A3, { "k.example.net", "TXT", OTHER } },
		END,
	};
	static const struct row absent[] = {
		{ A1, { OWNER, "CNAME", "k.example.net" } },
		{ A2, { OWNER, "CNAME", "k.example.net" } },
		END,
	};
	static const struct row split[] = {
		{ A1, { OWNER, "CNAME", "k.example.net" } },
		{ A3, { "k.example.net", "TXT", RECORD } },
		END,
	};
	static const struct row two_targets[] = {
		{ A1, { OWNER, "CNAME", "k.example.net" } },
		{ A2, { OWNER, "CNAME", "l.example.net" } },
		END,
	};
	static const struct row beside[] = {
		{ A1, { OWNER, "CNAME", "k.example.net" } },
		{ A2, { OWNER, "TXT", RECORD } },
		END,
	};
	static const struct row silent[] = {
		{ A1, { OWNER, "CNAME", "k.example.net" } },
		{ A2, { OWNER, "TIMEOUT", NULL } },
		END,
	};
	static const struct row nowhere[] = {
		{ A1, { OWNER, "CNAME", "k.example.org" } },
		{ A2, { OWNER, "CNAME", "k.example.org" } },
		END,
	};
	(void)state;
	check(seen, OWNER, LIVE_SEEN, NULL);
	check(stale, OWNER, LIVE_DIFFERENT, "queried k.example.net");
	check(absent, OWNER, LIVE_MISSING, A3 " does not have it (queried k.example.net");
	check(split, OWNER, LIVE_MISSING, A2 " does not have the CNAME record that " A1);
	check(two_targets, OWNER, LIVE_DIFFERENT,
	      "does not return the same CNAME "
	      "record");
	check(beside, OWNER, LIVE_DIFFERENT, "does not return the same CNAME record");
	check(silent, OWNER, LIVE_UNKNOWN, NULL);
	check(nowhere, OWNER, LIVE_UNKNOWN, "k.example.org");
}

static void test_loop(void **state)
{
	static const struct row loop[] = {
		{ A1, { OWNER, "CNAME", "k.example.net" } },
		{ A2, { OWNER, "CNAME", "k.example.net" } },
		{ A3, { "k.example.net", "CNAME", OWNER } },
		END,
	};
	static const struct row itself[] = {
		{ A1, { OWNER, "CNAME", OWNER } },
		{ A2, { OWNER, "CNAME", OWNER } },
		END,
	};
	(void)state;
	check(loop, OWNER, LIVE_DIFFERENT, "a loop of CNAME records");
	check(itself, OWNER, LIVE_DIFFERENT, "a loop of CNAME records");
}

static void test_chain(void **state)
{
	static char names[DNS_CNAME_MAX + 2][32];
	(void)state;
	for (unsigned links = DNS_CNAME_MAX; links <= DNS_CNAME_MAX + 1; links++) {
		struct row rows[ROWS_MAX] = { 0 };
		size_t count = 0;
		for (unsigned i = 0; i <= links; i++)
			snprintf(names[i], sizeof(names[i]), "n%u.example.net", i);
		for (unsigned i = 0; i < links; i++)
			rows[count++] =
				(struct row){ A3, { names[i], "CNAME", names[i + 1] } };
		rows[count++] = (struct row){ A3, { names[links], "TXT", RECORD } };
		check(rows, "n0.example.net",
		      links > DNS_CNAME_MAX ? LIVE_DIFFERENT : LIVE_SEEN,
		      links > DNS_CNAME_MAX ? "more than 16 CNAME" : NULL);
	}
}

/* The nearest zone cut; one that a CNAME only leads to is none. */
static void test_cut(void **state)
{
	static const struct row delegated[] = {
		{ A1, { "s._domainkey.deleg.example", "TXT", OTHER } },
		{ A3, { "s._domainkey.deleg.example", "TXT", RECORD } },
		END,
	};
	static const struct row apex[] = {
		{ NULL, { OWNER, "CNAME", "example.net" } },
		{ A1, { OWNER, "CNAME", "example.net" } },
		{ A2, { OWNER, "CNAME", "example.net" } },
		{ A3, { "example.net", "TXT", RECORD } },
		END,
	};
	/* *.example.com CNAME example.net, as a resolver answers it */
	static const struct row wildcard[] = {
		{ NULL, { "_domainkey.example.com", "CNAME", "example.net" } },
		{ A1, { OWNER, "TXT", RECORD } },
		{ A2, { OWNER, "TXT", RECORD } },
		END,
	};
	(void)state;
	check(delegated, "s._domainkey.deleg.example", LIVE_SEEN, NULL);
	check(apex, OWNER, LIVE_SEEN, NULL);
	check(wildcard, OWNER, LIVE_SEEN, NULL);
}

static void test_unreachable(void **state)
{
	static const struct row one[] = {
		{ NULL, { "ns1.example.com", "AAAA", "2001:db8::1" } },
		{ A1, { OWNER, "TXT", RECORD } },
		{ A2, { OWNER, "TXT", RECORD } },
		END,
	};
	struct world world = { .rows = one, .unreachable = "2001:db8::1" };
	struct live_answer answer;
	(void)state;
	look(&world, OWNER, &answer);
	assert_int_equal(answer.state, LIVE_SEEN);
	assert_int_equal(world.opened, 2);
	world.unreachable = "all";
	look(&world, OWNER, &answer);
	assert_int_equal(answer.state, LIVE_UNKNOWN);
	assert_non_null(strstr(answer.detail, "no route"));
	/* one that can be reached and does not have it counts */
	world.unreachable = NULL;
	look(&world, OWNER, &answer);
	assert_int_equal(answer.state, LIVE_MISSING);
}

/* ---- many ------------------------------------------------------------------------------------ */

struct pieces {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned now, most, wanted;
	size_t begun, limit;
};

static void piece(void *arg, void *own, size_t i)
{
	struct pieces *pieces = arg;
	(void)own;
	(void)i;
	pthread_mutex_lock(&pieces->lock);
	pieces->begun++;
	if (++pieces->now > pieces->most)
		pieces->most = pieces->now;
	pthread_cond_broadcast(&pieces->moved);
	/* until as many as can be are at it, which then never is seen less */
	while (pieces->most < pieces->wanted)
		pthread_cond_wait(&pieces->moved, &pieces->lock);
	pieces->now--;
	pthread_mutex_unlock(&pieces->lock);
}

static bool within_limit(void *arg)
{
	struct pieces *pieces = arg;
	return pieces->limit && pieces->limit--;
}

static void test_fan(void **state)
{
	struct pieces pieces = {
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 8, 0, 50
	};
	const struct fan_work work = { .work = piece,
		                       .may_begin = within_limit,
		                       .arg = &pieces };
	(void)state;
	assert_int_equal(fan_out(100, 8, &work), 50);
	assert_int_equal(pieces.begun, 50);
	assert_int_equal(pieces.most, 8);
	pieces.limit = 10;
	pieces.wanted = 0;
	assert_int_equal(fan_out(3, 8, &work), 3);
	assert_int_equal(fan_out(0, 8, &work), 0);
	pieces.limit = 0;
	assert_int_equal(fan_out(3, 8, &work), 0);
}

/* Each thread has something of its own, and the calling one only ticks. */
struct owned {
	pthread_mutex_t lock;
	pthread_t caller;
	unsigned begun, ended, worked;
	size_t last_tick;
	bool is_called_back;
};

static void *own_begin(void *arg)
{
	struct owned *owned = arg;
	pthread_mutex_lock(&owned->lock);
	owned->begun++;
	owned->is_called_back |= pthread_equal(owned->caller, pthread_self()) != 0;
	pthread_mutex_unlock(&owned->lock);
	return owned;
}

static void own_end(void *own)
{
	struct owned *owned = own;
	pthread_mutex_lock(&owned->lock);
	owned->ended++;
	pthread_mutex_unlock(&owned->lock);
}

static void own_work(void *arg, void *own, size_t i)
{
	struct owned *owned = own;
	(void)i;
	pthread_mutex_lock(&owned->lock);
	owned->worked += own == arg;
	pthread_mutex_unlock(&owned->lock);
}

static void own_tick(void *arg, size_t done)
{
	struct owned *owned = arg;
	if (done < owned->last_tick || !pthread_equal(owned->caller, pthread_self()))
		owned->is_called_back = true;
	owned->last_tick = done;
}

static void test_fan_own(void **state)
{
	struct owned owned = { .lock = PTHREAD_MUTEX_INITIALIZER,
		               .caller = pthread_self() };
	const struct fan_work work = { .work = own_work,
		                       .begin = own_begin,
		                       .end = own_end,
		                       .tick = own_tick,
		                       .arg = &owned };
	(void)state;
	assert_int_equal(fan_out(50, 4, &work), 50);
	assert_int_equal(owned.begun, 4);
	assert_int_equal(owned.ended, 4);
	assert_int_equal(owned.worked, 50);
	assert_int_equal(owned.last_tick, 50);
	assert_false(owned.is_called_back);
}

/* A resolver that never answers: what waits for one name keeps no other from being asked for, and after
 * the time for all no other is begun. */
static void test_silent(void **state)
{
	enum { COUNT = 200 };
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	char text[64];
	struct query_servers silent;
	struct err err = ERR_INIT;
	struct live_question question[COUNT];
	size_t asked = 0;
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(at.sin_port));
	assert_int_equal(query_servers_parse(text, &silent, &err), 0);
	for (size_t i = 0; i < COUNT; i++)
		question[i] = (struct live_question){ .kind = LIVE_DKIM,
			                              .owner = OWNER,
			                              .record = RECORD };
	struct rlimit files, after;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	bool is_enough = files.rlim_max > 5000;
	files.rlim_cur = 200;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	livecheck_many(&silent, question, COUNT, 1500, deadline_in_ms(1400));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
	assert_int_equal(after.rlim_cur, 200);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(question[i].answer.state, LIVE_UNKNOWN);
		assert_non_null(
			strstr(question[i].answer.detail,
		               question[i].is_asked ? "no answer" : "no time to query"));
		/* in the given order */
		assert_true(i == 0 || !question[i].is_asked || question[i - 1].is_asked);
		asked += question[i].is_asked;
	}
	assert_true(asked >= (is_enough ? 32 : 1) && asked < COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_servers), cmocka_unit_test(test_cname),
		cmocka_unit_test(test_loop),        cmocka_unit_test(test_chain),
		cmocka_unit_test(test_cut),         cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_fan),         cmocka_unit_test(test_fan_own),
		cmocka_unit_test(test_silent),
	};
	return cmocka_run_group_tests_name("authority", tests, NULL, NULL);
}
