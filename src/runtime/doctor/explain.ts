/** What a code of the network, of TLS or of the file system means for who has to repair it. */
import { DuctusError, ERRORS } from '../../domain/errors';
import { isClientCertificateRefused, networkReason } from '../../connectors/http/network-reason';

export interface Explained {
  readonly what: string;
  readonly todo: string;
}

const CODES: Readonly<Record<string, Explained>> = {
  ECONNREFUSED: {
    what: 'nothing listens there (ECONNREFUSED)',
    todo: 'Check host and port, and that the service runs.',
  },
  ENOTFOUND: {
    what: 'the name is not known (ENOTFOUND)',
    todo: 'Check the host name and the name server of this machine.',
  },
  EAI_AGAIN: { what: 'the name server does not answer (EAI_AGAIN)', todo: 'Check the name server of this machine.' },
  EHOSTUNREACH: { what: 'there is no way to the host (EHOSTUNREACH)', todo: 'Check routes, VPN and firewall.' },
  ENETUNREACH: { what: 'there is no way to the network (ENETUNREACH)', todo: 'Check routes, VPN and firewall.' },
  ECONNRESET: {
    what: 'it closes the connection (ECONNRESET)',
    todo: 'Check that both sides use TLS or both do not, and that it knows our client certificate.',
  },
  timeout: { what: 'it does not answer in time', todo: 'Check firewall and VPN, and whether the service hangs.' },
  CERT_HAS_EXPIRED: { what: 'its certificate has expired', todo: 'Its operator has to renew the certificate.' },
  CERT_NOT_YET_VALID: { what: 'its certificate is not valid yet', todo: 'Check the clock of both machines.' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    what: 'its certificate is for another name',
    todo: 'Use the name in the certificate as the host, or set `tls.serverName`.',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    what: 'it does not speak TLS on this port',
    todo: 'Check the port, or remove `tls` when the connection is to be plain.',
  },
  ENOENT: { what: 'it does not exist', todo: 'Create it, or correct the path.' },
  ENOTDIR: { what: 'it is not a folder', todo: 'Correct the path.' },
  EACCES: {
    what: 'this account may not use it (EACCES)',
    todo: 'Give the account of Ductus the right to write there.',
  },
  EPERM: { what: 'this account may not use it (EPERM)', todo: 'Give the account of Ductus the right to write there.' },
  EROFS: { what: 'it is read-only', todo: 'Mount it so that it can be written.' },
  ENOSPC: { what: 'the disk is full', todo: 'Make room.' },
};

const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  // Another authority of the same name.
  'CERT_SIGNATURE_FAILURE',
]);

/** Explains an error. Codes and our own messages only: other messages may quote what must not be shown. */
export function explain(error: unknown): Explained {
  if (error instanceof DuctusError) {
    const { reason } = error.details;
    // Our own code is shown; what the network said explains it better.
    const known = typeof reason === 'string' ? byCode(reason) : undefined;
    return known ?? { what: error.message, todo: ERRORS[error.code].nextStep };
  }
  const code = networkReason(error);
  const known = code === undefined ? undefined : byCode(code);
  if (known !== undefined) return known;
  return { what: `it failed (${code ?? 'error'})`, todo: 'Run it again with `log.level: debug`, and look at the log.' };
}

function byCode(code: string): Explained | undefined {
  if (Object.hasOwn(CODES, code)) return CODES[code];
  if (UNKNOWN_AUTHORITY.has(code)) {
    return {
      what: `its certificate is of an authority that is not trusted (${code})`,
      todo: 'Set `ca` to the certificate of its authority.',
    };
  }
  if (isClientCertificateRefused(code)) {
    return {
      what: `it refuses our client certificate (${code})`,
      todo: 'Check that the certificate is the one it has for Ductus, that it has not expired, and that key and certificate belong together.',
    };
  }
  return undefined;
}
