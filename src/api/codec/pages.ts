/** The codec server's only page: sign in to read payloads in the Temporal Web UI, and sign out. No script, no cookie but the session. */
import { createHash } from 'node:crypto';
import type { Session } from './session';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; color: #1b2430; }
h1 { font-size: 1.4rem; } label { display: block; font-weight: 600; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin: .25rem 0 1rem; }
button { font: inherit; padding: .5rem 1rem; } .bad { color: #a40000; font-weight: 600; }
@media (prefers-color-scheme: dark) { body { background: #141a22; color: #e4e9f0; } .bad { color: #ff8f8f; } a { color: #8fc1ff; } }
`;

/** Allows this style and forms to this server; nothing else is loaded, and no page may frame it. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** What the page says above the form. */
export type Notice = 'refused' | 'wait' | 'no-right';

const NOTICES: Readonly<Record<Notice, string>> = {
  refused: 'This is not a token of an operator.',
  wait: 'Too many tries. Wait a minute.',
  'no-right': 'This operator may not read payloads: the right “decode” is missing.',
};

/**
 * Builds the page.
 * @param origins Web UIs that may use the session
 */
export function page(session: Session | undefined, origins: readonly string[], notice?: Notice): string {
  const body = session === undefined ? signIn(notice) : signedIn(session, origins);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Ductus: read payloads</title><style>${STYLE}</style></head>
<body>
<h1>Read payloads in the Temporal Web UI</h1>
${body}
</body>
</html>
`;
}

function signIn(notice: Notice | undefined): string {
  return `${notice === undefined ? '' : `<p class="bad" role="alert">${NOTICES[notice]}</p>`}
<p>Payloads hold patient data. What you read is recorded under your name.</p>
<form method="post" action="/login">
<label for="token">Operator token</label>
<input id="token" name="token" type="password" required autofocus autocomplete="current-password">
<button>Sign in</button>
</form>`;
}

function signedIn({ operator, expiresAtMs }: Session, origins: readonly string[]): string {
  const until = `${new Date(expiresAtMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const links = origins.map((origin) => `<li><a href="${escaped(origin)}">${escaped(origin)}</a></li>`).join('');
  return `<p>You are signed in as <b>${escaped(operator)}</b> until ${until}. What you read is recorded.</p>
<p>In the Web UI, the glasses icon at the top sets this server as codec endpoint, with “include cross-origin credentials”:</p>
<ul>${links}</ul>
<form method="post" action="/logout"><button>Sign out</button></form>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
