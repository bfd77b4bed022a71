// Our verdicts on incoming messages against those of the npm package mailauth in its strict mode: DKIM,
// SPF and DMARC of generated messages that it signed and that were then changed, or not.
//
// usage: node mailauth.mjs MAILAUTHCTL MODULES SEED COUNT FOLDER
//
// MODULES: the folder with its node_modules.  A difference must be explained in EXPLAINED.  Prints the
// others, and a count; exit status 1 when there were any.
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [program, modules, seed, count, folder] = process.argv.slice(2);
const { authenticate, dkimSign } = createRequire(join(modules, 'x.js'))('mailauth');

// What differs on purpose, as "what: ours / theirs, the author's name and our reason", and why.
const EXPLAINED = [
    // Names of tags are literals of ABNF, in any case of letters (RFC 9989 4.8, RFC 5234 2.3).
    /^dmarc: \w+ \/ none, case\.example /,
    // It finds domains in From fields that no form of RFC 5322, obsolete ones included, describes; such a
    // field has no author domain here, so that no program can find another one in it.
    /^dmarc: permerror \/ .* the From field cannot be parsed$/
];

// ---- randomness, the same for a seed ---------------------------------------------------------

let state = Number(seed) >>> 0;
const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = n => Math.floor(random() * n);
const choice = list => list[below(list.length)];

// ---- the world -------------------------------------------------------------------------------

const POLICIES = {
    'org.example': ['v=DMARC1; p=reject; sp=quarantine; np=reject'],
    'n.org.example': ['v=DMARC1; p=quarantine; psd=n'],
    'strict.example': ['v=DMARC1; p=reject; adkim=s; aspf=s'],
    'test.example': ['v=DMARC1; p=reject; sp=none; t=y'],
    'psd.example': ['v=DMARC1; p=reject; psd=y'],
    'x.psd.example': ['v=DMARC1; p=none'],
    'twice.example': ['v=DMARC1; p=none', 'v=DMARC1; p=none'],
    'again.example': ['v=DMARC1; p=reject; p=reject'],
    'bad.example': ['v=DMARC1; p=bogus'],
    'rua.example': ['v=DMARC1; p=bogus; rua=mailto:x@rua.example'],
    'missing.example': ['v=DMARC1; rua=nothing'],
    'odd.example': ['V = DMARC1 ;; p = Reject ; x ; np=none'],
    'case.example': ['v=DMARC1; P=reject']
};
const NAMES = [
    ...Object.keys(POLICIES), 'a.org.example', 'b.a.org.example', 'gone.org.example', 'c.n.org.example',
    'a.strict.example', 'a.test.example', 'a.x.psd.example', 'y.psd.example', 'a.y.psd.example', 'none.example',
    'a.odd.example', 'a.rua.example', 'a.b.c.d.e.f.g.h.org.example'
];
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ed25519 = generateKeyPairSync('ed25519');
const zone = new Map(); // name -> texts

for (const name of NAMES) {
    const texts = [];
    if (POLICIES[name])
        zone.set(`_dmarc.${name}`, POLICIES[name]);
    if (!name.startsWith('gone.')) {
        texts.push(`v=spf1 ip4:192.0.2.${1 + (name.length % 2)} -all`);
        zone.set(name, texts);
        zone.set(`r._domainkey.${name}`, ['v=DKIM1; k=rsa; p=' +
            rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')]);
        zone.set(`e._domainkey.${name}`, ['v=DKIM1; k=ed25519; p=' +
            ed25519.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')]);
    }
}

const resolver = async (name, type) => {
    name = name.toLowerCase().replace(/\.$/, '');
    if (type === 'TXT' && zone.has(name))
        return zone.get(name).map(text => text.match(/.{1,200}/g));
    const exists = zone.has(name) || [...zone.keys()].some(key => key.endsWith(`.${name}`));
    throw Object.assign(new Error(name), { code: exists ? 'ENODATA' : 'ENOTFOUND' });
};

const zoneFile = join(folder, 'zone');
writeFileSync(zoneFile, [...zone].flatMap(([name, texts]) => texts.map(text =>
    `${name}. 60 IN TXT ${text.match(/.{1,200}/g).map(part => `"${part}"`).join(' ')}\n`)).join(''));

// ---- messages --------------------------------------------------------------------------------

const words = most => Array.from({ length: below(most) }, () =>
    choice(['word', 'x', ' ', '  ', '\t', '=', ':', ';', '\u00e4', 'B'])).join('');
const fold = value => value.replace(/[ \t]/g, blank => choice([blank, `\r\n${blank}`]));

const from = domain => choice([
    `a@${domain}`, `Author <a@${domain}>`, `"x, y" <a@${domain.toUpperCase()}>`, `a@${domain} (b@other.example)`,
    `a@${domain}, b@${domain}`, `a (c) . b @ ${domain}`, `a@${domain}, b@other.example`, `A: a@${domain};`
]);

const makeMessage = author => {
    const fields = [];
    for (const name of ['Subject', 'To', 'Date', 'Received', 'X-Odd'])
        for (let n = choice([0, 1, 1, 1, 2, 3]); n > 0; n--)
            fields.push(`${choice([name, name.toLowerCase(), name.toUpperCase()])}:${fold(`${choice(['', ' '])}v${words(12)}e`)}`);
    fields.splice(below(fields.length + 1), 0, `From: ${from(author)}`);
    let body = '';
    for (let n = below(8); n > 0; n--)
        body += `${words(8)}\r\n`;
    for (let n = below(3); n > 0; n--)
        body += `${choice(['', ' ', '\t'])}\r\n`;
    return `${fields.join('\r\n')}\r\n\r\n${body}`;
};

// A name that may be aligned with the author's.
const relative = author => {
    const labels = author.split('.');
    return choice([author, author, labels.slice(1).join('.'), `a.${author}`, choice(NAMES)]);
};

const sign = async (message, author) => {
    let signatures = '';
    for (let n = choice([0, 1, 1, 2]); n > 0; n--) {
        const signed = await dkimSign(Buffer.from(message), {
            canonicalization: `${choice(['simple', 'relaxed'])}/${choice(['simple', 'relaxed'])}`,
            signatureData: [choice([
                { signingDomain: relative(author), selector: 'r', algorithm: 'rsa-sha256',
                  privateKey: rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }) },
                { signingDomain: relative(author), selector: 'e', algorithm: 'ed25519-sha256',
                  privateKey: ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }) }
            ])]
        });
        if (signed.errors.length)
            throw signed.errors[0].err;
        signatures = signed.signatures + signatures;
    }
    return Buffer.from(signatures + message);
};

// One change, which may mean nothing.
const change = text => {
    const at = below(text.length), before = text.subarray(0, at), after = text.subarray(at);
    const join = (...parts) => Buffer.concat(parts.map(part => Buffer.from(part)));
    switch (below(9)) {
    case 0:
        return join(before, choice(['a', 'B', ' ', '\t', ';', '=', ':', '1']), after.subarray(1));
    case 1:
        return join(before, after.subarray(1));
    case 2:
        return join(before, choice([' ', '\t', 'x', '\r\n ']), after);
    case 3:
        return join(text, choice(['\r\n', ' \r\n', 'more\r\n']));
    case 4:
        return join(choice(['Subject: x', 'X-Odd: y', 'To:z', 'From: b@none.example']), '\r\n', text);
    default:
        return text;
    }
};

// Line ends that programs read in different ways, and lines that are no field.
const isReadOtherwise = text => {
    const latin = text.toString('latin1');
    const head = latin.split('\r\n\r\n', 1)[0].replace(/\r\n[ \t]+/g, ' ');
    return /(?<!\r)\n|\r(?!\n)/.test(latin) || !head.split('\r\n').every(line => /^[!-9;-~]+:/.test(line));
};

// ---- both ------------------------------------------------------------------------------------

const ours = (file, ip, sender) => new Promise((resolve, reject) =>
    execFile(program, ['--root', folder, '--json', 'dmarc', 'check', '--message', file, '--ip', ip, '--mail-from',
        sender, '--zone', zoneFile], (error, out, said) => {
        if (!out)
            return reject(new Error(`${file}: ${said}`));
        const answer = JSON.parse(out);
        resolve({ dmarc: answer.result, policy: answer.policy, spf: answer.spf, reason: answer.reason,
            dkim: answer.signatures.map(s => `${s.result} ${s.reason ?? ''}`.trim()) });
    }));

const theirs = async (text, ip, sender) => {
    const answer = await authenticate(text, { resolver, ip, sender, helo: 'helo.none.example', mta: 'mx.example',
        strict: true, disableArc: true, disableBimi: true });
    const { dmarc } = answer;
    return { dmarc: dmarc ? dmarc.status.result : 'permerror', policy: dmarc ? dmarc.policy ?? null : null,
        spf: answer.spf.status.result,
        dkim: answer.dkim.results.filter(r => r.status.result !== 'none').map(r =>
            `${r.status.result} ${r.status.comment || ''}`.trim()) };
};

const differences = (a, b) => {
    const list = [];
    const isPass = text => text?.startsWith('pass') ?? false;
    for (let i = 0; i < Math.max(a.dkim.length, b.dkim.length); i++)
        if (isPass(a.dkim[i]) !== isPass(b.dkim[i]))
            list.push(`dkim: ${a.dkim[i]} / ${b.dkim[i]}`);
    for (const what of ['spf', 'dmarc'])
        if (a[what] !== b[what])
            list.push(`${what}: ${a[what]} / ${b[what]}`);
    if (!list.length && ['pass', 'fail'].includes(a.dmarc) && a.policy !== b.policy)
        list.push(`policy: ${a.policy} / ${b.policy}`);
    return list;
};

const seen = {}, explained = new Map();
let unexplained = 0;
const one = async (number, text, ip, sender, author) => {
    const file = join(folder, `${number}.eml`);
    writeFileSync(file, text);
    const [a, b] = await Promise.all([ours(file, ip, sender), theirs(text, ip, sender)]);
    seen[a.dmarc] = (seen[a.dmarc] || 0) + 1;
    for (const signature of a.dkim)
        seen[`dkim ${signature.split(' ')[0]}`] = (seen[`dkim ${signature.split(' ')[0]}`] || 0) + 1;
    for (const difference of differences(a, b)) {
        const row = EXPLAINED.find(pattern => pattern.test(`${difference}, ${author} ${a.reason}`));
        if (row) {
            explained.set(row, (explained.get(row) || 0) + 1);
        } else if (++unexplained <= 10) {
            console.log(`${file} ${ip} ${sender}: ${difference}, ${author} ${a.reason}`);
        }
    }
};

const all = [];
while (all.length < Number(count)) {
    const author = choice(NAMES);
    const text = change(await sign(makeMessage(author), author));
    if (!isReadOtherwise(text))
        all.push([all.length, text, choice(['192.0.2.1', '192.0.2.2']), `s@${relative(author)}`, author]);
}
for (let at = 0; at < all.length; at += 4)
    await Promise.all(all.slice(at, at + 4).map(row => one(...row)));
const told = Object.entries(seen).sort().map(([what, n]) => `${what} ${n}`).join(', ');
console.log(`${count} messages (${told}), ${[...explained.values()].reduce((a, b) => a + b, 0)} differences explained, ${unexplained} not`);
// one that has few of them compares nothing
const isRich = ['pass', 'fail', 'none', 'permerror', 'dkim pass', 'dkim fail'].every(what => seen[what] > count / 100);
process.exit(unexplained || !isRich ? 1 : 0);
