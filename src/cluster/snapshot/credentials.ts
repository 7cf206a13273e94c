/** @file Whether a name or a value looks like a credential: a guess, made on the side of silence. */

/** Of a flag, a variable or a key: `DB_PASSWORD`, `--api-key`, `clientSecret`, `SENTRY_DSN`. */
export function looksLikeCredentialName(name: string): boolean {
  const words = name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, " ")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => CREDENTIAL_WORDS.has(word) || CREDENTIAL_ENDINGS.test(word));
}

const CREDENTIAL_WORDS: ReadonlySet<string> = new Set([
  ..."auth authorization bearer basic cookie cookies credential credentials creds cred dsn jwt key keys license licence".split(
    " ",
  ),
  ..."login oauth otp pass passphrase passwd password passwords pat pin private psk pw pwd salt sas secret secrets seed".split(
    " ",
  ),
  ..."session signature signing sso token tokens user username webhook connection connstr conn header headers cert pem".split(
    " ",
  ),
]);

/** Written as one word: `dbpassword`, `apikey`, `authtoken`. */
const CREDENTIAL_ENDINGS =
  /(?:password|passwd|passphrase|secret|token|apikey|accesskey|secretkey|privatekey|credentials?|dsn)s?$/;

/** Whatever it is called: a URL with a user in it, a PEM block, a token of a known form, or what no person has typed. */
export function looksLikeCredential(value: string): boolean {
  return CREDENTIAL_FORMS.some((form) => form.test(value)) || runsOf(value).some(isRandom);
}

const CREDENTIAL_FORMS: readonly RegExp[] = [
  // Whatever stands before an @ of a URL's authority.
  /[a-z][a-z0-9+.-]*:\/\/[^\s/]*@/i,
  /-----BEGIN/,
  // JSON Web Tokens.
  /eyJ[\w-]{8,}\.[\w-]+/,
  // GitHub, GitLab, Slack, AWS, Stripe and OpenAI, HashiCorp, npm, PyPI, Google, DigitalOcean.
  /gh[pousr]_\w{16,}|github_pat_|glpat-|xox[abeoprs]-|A[KS]IA[0-9A-Z]{12,}|[sr]k[-_](?:live|test|proj)?[-_]?\w{16,}|hv[sb]\.\w|npm_\w{16,}|pypi-\w|AIza[\w-]{20,}|do[opr]_v1_/,
  /hooks\.slack\.com|discord(?:app)?\.com\/api\/webhooks|webhook\.office\.com/,
  /\b(?:bearer|basic|token)\s+\S{6,}/i,
  // `password=…` inside of a connection string, `"password": …` inside of JSON.
  /(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|account[-_]?key|credentials?)["']?\s*[=:]\s*["']?[^\s"'$]/i,
];

/** Pieces without the separators that people put between words; in a long one of Base64, a slash is none. */
function runsOf(value: string): readonly string[] {
  return [
    ...value.split(/[^A-Za-z0-9+=_]+/).filter((run) => run.length >= MIN_RANDOM),
    ...value.split(/[^A-Za-z0-9+/=]+/).filter((run) => run.length >= MIN_BASE64),
  ];
}

/** Shorter ones are as often a name. */
const MIN_RANDOM = 16;
const MIN_BASE64 = 32;

/** Letters and digits in turns, as no word and no version has them. */
function isRandom(run: string): boolean {
  if (/^[0-9a-f]{16,}$/i.test(run) && /\d/.test(run) && /[a-f]/i.test(run)) return true;
  const turns = [...run.matchAll(/(?:\d(?=[A-Za-z]))|(?:[A-Za-z](?=\d))/g)].length;
  return turns >= 4 || (/[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run) && turns >= 2);
}

/** A switch, a number, a length of time or an amount: nobody is let in by one. */
export function isHarmless(value: string): boolean {
  return (
    /^(?:|true|false|yes|no|on|off|t|f|\d{1,5}|\d+(?:\.\d+)?(?:ns|us|ms|s|m|h|d|[kKMGT]i?|%))$/i.test(value) || isGateList(value)
  );
}

/** `GatewayAlpha=true,ListenerSets=false` */
function isGateList(value: string): boolean {
  return /^[A-Za-z][\w.]{0,63}=(?:true|false)(?:,[A-Za-z][\w.]{0,63}=(?:true|false))*$/.test(value);
}
