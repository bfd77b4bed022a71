/* Ids, ports, names and late answers: what keeps a question and its answer together. */
#include "tests/unit/fake_dns.h"

#define ASKED 48 /* questions whose ids and ports are looked at */
#define FORGED "\xc0\x00\x02\x42"
#define HONEST_ADDRESS "\xc0\x00\x02\x05"

struct noted {
	uint16_t id, port;
	uint8_t wire[256]; /* of the question's name */
	size_t len;
	uint8_t question[512];
	size_t question_len;
	struct sockaddr_in from;
};

/* Written by the server's thread, read when it has ended or has answered. */
static struct noted noted[ASKED];
static atomic_uint noted_count;

static void note_question(unsigned n, const uint8_t *q, size_t len,
                          const struct sockaddr_in *from)
{
	if (n >= ASKED)
		return;
	struct noted *note = &noted[n];
	note->id = (uint16_t)(q[0] << 8 | q[1]);
	note->port = from->sin_port;
	note->len = question_end(q) - 4 - 12;
	memcpy(note->wire, q + 12, note->len);
	memcpy(note->question, q, len);
	note->question_len = len;
	note->from = *from;
	noted_count = n + 1;
}

/* An answer with an address to a question that was noted, to where it came from. */
static void send_answer(struct server *s, const struct noted *to, uint16_t id,
                        const char *address, const struct sockaddr_in *where)
{
	static __thread struct message m;
	begin(&m, to->question, 0, 1);
	put_rr(&m, OWNER_ASKED, 1, address, 4);
	m.at[0] = (uint8_t)(id >> 8);
	m.at[1] = (uint8_t)id;
	send_udp(s, &m, where);
}

static struct server *start_script(server_script *script)
{
	noted_count = 0;
	return server_run((struct server){ .script = script });
}

static void ask_a(struct resolver *r, const char *name, int ms, struct arena *mem,
                  struct dns_answer *ret_answer)
{
	const struct dns_name wire = name_of(name);
	resolver_ask(r, &wire, DNS_A, deadline_in_ms(ms), mem, ret_answer);
}

static void assert_address(const struct dns_answer *answer, const char *address)
{
	if (answer->kind != DNS_OK)
		fail_msg("%s: %s", dns_kind_name(answer->kind),
		         answer->why ? answer->why : "-");
	assert_int_equal(answer->count, 1);
	assert_memory_equal(answer->rdata[0].octets, address, 4);
}

/* ---- ids and ports ------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static unsigned count_distinct(const uint16_t *numbers, unsigned count)
{
	uint16_t sorted[ASKED];
	unsigned distinct = count > 0;
	memcpy(sorted, numbers, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_numbers);
	for (unsigned i = 1; i < count; i++)
		distinct += sorted[i] != sorted[i - 1];
	return distinct;
}

/* Chance may give one number twice, hardly one thrice; a counter has one step only. */
static void assert_random(const uint16_t *numbers, unsigned count)
{
	uint16_t step[ASKED];
	assert_true(count >= 3);
	assert_true(count_distinct(numbers, count) + 2 >= count);
	for (unsigned i = 1; i < count; i++)
		step[i - 1] = (uint16_t)(numbers[i] - numbers[i - 1]);
	assert_true(count_distinct(step, count - 1) + 2 >= count - 1);
}

static void assert_all_random(unsigned count)
{
	uint16_t ids[ASKED], ports[ASKED];
	assert_int_equal(noted_count, count);
	for (unsigned i = 0; i < count; i++) {
		ids[i] = noted[i].id;
		ports[i] = ntohs(noted[i].port);
	}
	assert_random(ids, count);
	assert_random(ports, count);
}

static void answer_honestly(struct server *s, unsigned n, const uint8_t *q, size_t len,
                            const struct sockaddr_in *from)
{
	note_question(n, q, len, from);
	send_answer(s, &noted[n % ASKED], noted[n % ASKED].id, HONEST_ADDRESS, from);
}

static void test_each_question(void **state)
{
	(void)state;
	struct server *s = start_script(answer_honestly);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 1 << 16));
	for (unsigned i = 0; i < ASKED; i++) {
		ask_a(r, "a.example", 10000, &mem, &answer);
		assert_address(&answer, HONEST_ADDRESS);
		/* over a renewal, too: idle sockets keep no port */
		if (i % 7 == 0)
			assert_true(resolver_renew(r));
	}
	assert_all_random(ASKED);
	resolver_free(r);
	server_stop(s);
}

static void stay_silent(struct server *s, unsigned n, const uint8_t *q, size_t len,
                        const struct sockaddr_in *from)
{
	(void)s;
	note_question(n, q, len, from);
}

static void test_each_try(void **state)
{
	(void)state;
	struct server *s = start_script(stay_silent);
	struct query_servers servers = servers_of(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	servers.attempts = 5;
	servers.timeout_s = 1;
	struct resolver *r = query_new(&servers, NULL);
	assert_non_null(r);
	assert_true(arena_open(&mem, 4096));
	ask_a(r, "a.example", 500, &mem, &answer);
	assert_int_equal(answer.kind, DNS_TEMPFAIL);
	assert_all_random(5);
	resolver_free(r);
	server_stop(s);
}

/* ---- late, and from elsewhere -------------------------------------------------------- */

/* The answer to the first question comes when it has been asked again. */
static void answer_first_late(struct server *s, unsigned n, const uint8_t *q, size_t len,
                              const struct sockaddr_in *from)
{
	note_question(n, q, len, from);
	if (n == 1)
		send_answer(s, &noted[0], noted[0].id, HONEST_ADDRESS, &noted[0].from);
}

/* A server that takes longer than one try could never answer otherwise. */
static void test_late_answer_to_its_own_try(void **state)
{
	(void)state;
	struct server *s = start_script(answer_first_late);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 4096));
	ask_a(r, "a.example", 3000, &mem, &answer);
	assert_address(&answer, HONEST_ADDRESS);
	assert_int_equal(noted_count, 2);
	resolver_free(r);
	server_stop(s);
}

/* To five questions: the first one is given up by then, the second one is not. */
static void answer_second_of_five(struct server *s, unsigned n, const uint8_t *q,
                                  size_t len, const struct sockaddr_in *from)
{
	note_question(n, q, len, from);
	if (n != 4)
		return;
	send_answer(s, &noted[0], noted[0].id, FORGED, &noted[0].from);
	send_answer(s, &noted[1], noted[1].id, HONEST_ADDRESS, &noted[1].from);
}

/* The fifth try takes the place of the oldest. */
static void test_fifth_try(void **state)
{
	(void)state;
	struct server *s = start_script(answer_second_of_five);
	struct query_servers servers = servers_of(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	servers.attempts = 5;
	servers.timeout_s = 1;
	struct resolver *r = query_new(&servers, NULL);
	assert_non_null(r);
	assert_true(arena_open(&mem, 4096));
	ask_a(r, "a.example", 2000, &mem, &answer);
	assert_address(&answer, HONEST_ADDRESS);
	assert_int_equal(noted_count, 5);
	resolver_free(r);
	server_stop(s);
}

/* Where no packet can be sent to, no answer is waited for: the fault is the sending. */
static void test_no_route(void **state)
{
	(void)state;
	struct query_servers servers;
	struct err err = ERR_INIT;
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_int_equal(query_servers_parse("255.255.255.255", &servers, &err), 0);
	struct resolver *r = query_new(&servers, NULL);
	assert_non_null(r);
	assert_true(arena_open(&mem, 4096));
	ask_a(r, "a.example", 2000, &mem, &answer);
	assert_int_equal(answer.kind, DNS_TEMPFAIL);
	assert_string_equal(answer.why,
	                    "255.255.255.255 cannot be reached: Permission denied");
	resolver_free(r);
}

/* What belongs to the first try comes to the port of the second, and the other way round. */
static void answer_crossed(struct server *s, unsigned n, const uint8_t *q, size_t len,
                           const struct sockaddr_in *from)
{
	note_question(n, q, len, from);
	if (n != 1)
		return;
	send_answer(s, &noted[0], noted[0].id, FORGED, &noted[1].from);
	send_answer(s, &noted[1], noted[1].id, FORGED, &noted[0].from);
	send_answer(s, &noted[1], noted[1].id, HONEST_ADDRESS, &noted[1].from);
}

static void test_late_answer_to_another_try(void **state)
{
	(void)state;
	struct server *s = start_script(answer_crossed);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 4096));
	ask_a(r, "a.example", 3000, &mem, &answer);
	assert_address(&answer, HONEST_ADDRESS);
	resolver_free(r);
	server_stop(s);
}

/* The right port, question and data, and every other id before the true one. */
static void answer_with_other_ids(struct server *s, unsigned n, const uint8_t *q,
                                  size_t len, const struct sockaddr_in *from)
{
	note_question(n, q, len, from);
	struct noted *note = &noted[n % ASKED];
	for (unsigned i = 1; i <= 100; i++)
		send_answer(s, note, (uint16_t)(note->id + i), FORGED, from);
	send_answer(s, note, note->id, HONEST_ADDRESS, from);
}

static void test_other_ids(void **state)
{
	(void)state;
	struct server *s = start_script(answer_with_other_ids);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 4096));
	ask_a(r, "a.example", 10000, &mem, &answer);
	assert_address(&answer, HONEST_ADDRESS);
	resolver_free(r);
	server_stop(s);
}

/* One look at a socket reads only so many packets, however many are there: a flood cannot keep the
 * program from its deadline. */
static void test_packets_of_one_look(void **state)
{
	(void)state;
	struct server *s = start_script(answer_with_other_ids);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	struct deadline until = deadline_in_ms(10000);
	const struct dns_name name = name_of("a.example");
	assert_true(arena_open(&mem, 4096));
	resolver_ask_ahead(r, &name, DNS_A, until);
	wait_for_questions(s, 1);
	server_stop(s); /* has sent all */
	assert_false(resolver_peek(r, &name, DNS_A, &mem, &answer));
	while (!resolver_peek(r, &name, DNS_A, &mem, &answer))
		assert_true(deadline_left_ms(until) > 0);
	assert_address(&answer, HONEST_ADDRESS);
	resolver_free(r);
}

/* The right id, question and port, from another port of the server, then from another address. */
static void answer_from_elsewhere(struct server *s, unsigned n, const uint8_t *q,
                                  size_t len, const struct sockaddr_in *from)
{
	note_question(n, q, len, from);
	struct server other = { .udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
	struct server far = { .udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(s->port) };
	inet_pton(AF_INET, "127.0.0.9", &at.sin_addr);
	assert_int_equal(bind(far.udp, (struct sockaddr *)&at, sizeof(at)), 0);
	send_answer(&other, &noted[n % ASKED], noted[n % ASKED].id, FORGED, from);
	send_answer(&far, &noted[n % ASKED], noted[n % ASKED].id, FORGED, from);
	send_answer(s, &noted[n % ASKED], noted[n % ASKED].id, HONEST_ADDRESS, from);
	close(other.udp);
	close(far.udp);
}

static void test_other_addresses(void **state)
{
	(void)state;
	struct server *s = start_script(answer_from_elsewhere);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 4096));
	ask_a(r, "a.example", 10000, &mem, &answer);
	assert_address(&answer, HONEST_ADDRESS);
	resolver_free(r);
	server_stop(s);
}

/* After the true answer, copies and forged answers for the next question lie in the socket. */
static void answer_ahead(struct server *s, unsigned n, const uint8_t *q, size_t len,
                         const struct sockaddr_in *from)
{
	note_question(n, q, len, from);
	struct noted *note = &noted[n % ASKED];
	send_answer(s, note, note->id, HONEST_ADDRESS, from);
	for (unsigned i = 0; i < 3; i++)
		send_answer(s, note, (uint16_t)(note->id + i), FORGED, from);
}

static void test_nothing_left_behind(void **state)
{
	(void)state;
	struct server *s = start_script(answer_ahead);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 4096));
	for (unsigned i = 0; i < 20; i++) {
		ask_a(r, "a.example", 10000, &mem, &answer);
		assert_address(&answer, HONEST_ADDRESS);
	}
	assert_int_equal(noted_count, 20);
	resolver_free(r);
	server_stop(s);
}

/* ---- names --------------------------------------------------------------------------- */

/* Every octet but the length of a label may be in a name, and travels as it is, there and back. */
static void test_octets(void **state)
{
	(void)state;
	struct server *s = server_run((struct server){ .script = answer_honestly });
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	assert_true(arena_open(&mem, 1 << 16));
	for (unsigned c = 0; c < 256; c++) {
		const uint8_t wire[] = { 3,          'a', (uint8_t)c, 'b', 1,
			                 (uint8_t)c, 7,   'e',        'x', 'a',
			                 'm',        'p', 'l',        'e', 0 };
		struct dns_name name;
		struct dns_answer answer;
		uint8_t folded = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : (uint8_t)c;
		assert_true(dns_name_from_wire(wire, sizeof(wire), &name));
		arena_reset(&mem);
		s->questions = 0;
		resolver_ask(r, &name, DNS_A, deadline_in_ms(10000), &mem, &answer);
		assert_address(&answer, HONEST_ADDRESS);
		assert_int_equal(noted[0].len, sizeof(wire));
		assert_int_equal(noted[0].wire[2], folded);
		assert_int_equal(noted[0].wire[5], folded);
		assert_memory_equal(noted[0].wire, name.wire, sizeof(wire));
	}
	resolver_free(r);
	server_stop(s);
}

/* A name of 255 octets, and the root. */
static void test_longest_name(void **state)
{
	(void)state;
	struct server *s = server_run((struct server){ .script = answer_honestly });
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	uint8_t wire[255] = { 0 };
	struct dns_name name;
	assert_true(arena_open(&mem, 4096));
	for (unsigned i = 0; i < 254; i++)
		wire[i] = i % 64 ? 0xff : i == 192 ? 61 : 63;
	assert_true(dns_name_from_wire(wire, sizeof(wire), &name));
	resolver_ask(r, &name, DNS_A, deadline_in_ms(10000), &mem, &answer);
	assert_address(&answer, HONEST_ADDRESS);
	assert_int_equal(noted[0].len, 255);
	ask_a(r, ".", 10000, &mem, &answer);
	assert_address(&answer, HONEST_ADDRESS);
	assert_int_equal(noted[1].len, 1);
	resolver_free(r);
	server_stop(s);
}

/* ---- EDNS ---------------------------------------------------------------------------- */

/* Without EDNS from the second question on: an old server is asked as one until the next check. */
static void answer_like_old(struct server *s, unsigned n, const uint8_t *q, size_t len,
                            const struct sockaddr_in *from)
{
	static __thread struct message m;
	note_question(n, q, len, from);
	if (q[11])
		begin(&m, q, 1, 0);
	else
		put_honest(&m, q);
	send_udp(s, &m, from);
}

static void test_old_server(void **state)
{
	(void)state;
	struct server *s = start_script(answer_like_old);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	static const uint8_t opt[] = { 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0 };
	assert_true(arena_open(&mem, 1 << 16));
	for (unsigned i = 0; i < 3; i++) {
		ask_a(r, "a.example", 10000, &mem, &answer);
		assert_address(&answer, HONEST_ADDRESS);
	}
	assert_int_equal(noted_count, 4);
	/* RFC 6891 6.1.2: 1232 octets, no options */
	assert_int_equal(noted[0].question_len, 12 + noted[0].len + 4 + sizeof(opt));
	assert_memory_equal(noted[0].question + noted[0].question_len - sizeof(opt), opt,
	                    sizeof(opt));
	for (unsigned i = 1; i < 4; i++)
		assert_int_equal(noted[i].question_len, 12 + noted[i].len + 4);
	assert_true(resolver_renew(r));
	ask_a(r, "a.example", 10000, &mem, &answer);
	assert_address(&answer, HONEST_ADDRESS);
	assert_int_equal(noted_count, 6);
	resolver_free(r);
	server_stop(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_question),
		cmocka_unit_test(test_each_try),
		cmocka_unit_test(test_late_answer_to_its_own_try),
		cmocka_unit_test(test_fifth_try),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_late_answer_to_another_try),
		cmocka_unit_test(test_other_ids),
		cmocka_unit_test(test_packets_of_one_look),
		cmocka_unit_test(test_other_addresses),
		cmocka_unit_test(test_nothing_left_behind),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_old_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
