/** The outside systems: Roche's services and S3 for each organization, the doors of the HIS, and the destinations. */
import { ask } from '../../connectors/http/ask';
import { connectPeer } from '../../connectors/http/connect-peer';
import { probeDestination } from '../../connectors/emr/probe';
import type { ClientTlsConfig, DestinationConfig, OrganizationConfig, PatientSyncConfig } from '../config/schema';
import { connectRoche } from '../dependencies';
import { REQUEST_MS, type Report } from './check';
import { explain } from './explain';

const RENEW = 'Its operator has to renew it.';

/** TLS with our certificate, the clock, and a token, which costs nothing and changes nothing. */
export async function checkRoche(organization: OrganizationConfig, report: Report): Promise<void> {
  const { servicesUrl, tls } = organization.roche;
  if (!(await reach(servicesUrl, tls, 'Roche', report))) return;
  const connection = connectRoche(organization);
  try {
    const { resources } = await connection.credentials.get(AbortSignal.timeout(REQUEST_MS));
    const { source } = organization.retrieval.credentials;
    report.ok(source === 'roche-token' ? 'Roche gives tokens' : `AWS gives credentials (${source})`);
    const region = resources?.map((arn) => arn.split(':')[3]).find((each) => each);
    await checkS3(organization, region, report);
  } catch (error) {
    const { what, todo } = explain(error);
    report.fail(`no credentials for files: ${what}`, todo);
  } finally {
    await connection.services.close();
    connection.objects.close();
    await connection.presigned.close();
  }
}

async function checkS3({ retrieval }: OrganizationConfig, region: string | undefined, report: Report): Promise<void> {
  const { credentials, endpoint, ca } = retrieval;
  const known = region ?? (credentials.source === 'roche-token' ? undefined : credentials.region);
  const url = endpoint ?? (known === undefined ? 'https://s3.amazonaws.com' : `https://s3.${known}.amazonaws.com`);
  if (await reach(url, ca === undefined ? undefined : { ca }, 'S3', report))
    report.ok(`S3 answers (${new URL(url).host})`);
}

/** Connects with TLS, looks at the certificate, and asks for the time. @returns false when it cannot be reached */
async function reach(url: string, tls: ClientTlsConfig | undefined, name: string, report: Report): Promise<boolean> {
  const { protocol, hostname, port, host } = new URL(url);
  try {
    if (protocol === 'https:') {
      const peer = { host: hostname, port: Number(port === '' ? 443 : port), tls: tls ?? {}, timeLimitMs: REQUEST_MS };
      const { certificateEnds } = await connectPeer(peer);
      report.certificate(`the certificate of ${name} (${host})`, certificateEnds, RENEW);
    }
    // Any status will do: S3 refuses who gives no name, and says its time all the same.
    const { date } = await ask({ url, method: 'HEAD', tls, timeLimitMs: REQUEST_MS });
    report.clock(`${name} (${host})`, date);
    return true;
  } catch (error) {
    report.failedWith(error, `${name} (${host}): `);
    return false;
  }
}

/** Roche's patient services, and whether the listeners of the HIS take connections. Nobody is asked about a patient. */
export async function checkPatientSync(
  sync: PatientSyncConfig,
  tls: ClientTlsConfig | undefined,
  report: Report,
): Promise<void> {
  if (await reach(sync.fhirUrl, tls, 'Roche’s patient services', report)) report.ok('Roche’s patient services answer');
  const { webhook } = sync.registrationDesk;
  if (webhook !== undefined) await checkReceiver(webhook, report);
  for (const { name, host, port } of sync.mllp) {
    if (port === 0) continue;
    // TCP alone: certificates are looked at elsewhere, and a listener may ask its callers for one that we do not have.
    const peer = { host: OWN_ADDRESSES.get(host) ?? host, port, tls: undefined, timeLimitMs: REQUEST_MS };
    const place = `the listener ${name} (port ${String(port)})`;
    try {
      await connectPeer(peer);
      report.ok(`${place} takes connections`);
    } catch (error) {
      // Listeners are in the process of the role api, which need not run on this machine.
      report.warn(
        `${place}: ${explain(error).what}`,
        'Start `ductus serve` with the role api or all; when it runs on another machine, run the doctor there.',
      );
    }
  }
}

/** Whoever listens on all addresses is asked on one. */
const OWN_ADDRESSES: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** Who is told of alerts or sent traces: whether it can be reached. Nothing is sent. */
export async function checkReceiver(url: string, report: Report): Promise<void> {
  const { protocol, hostname, port, host } = new URL(url);
  const isTls = protocol === 'https:';
  const number = port === '' ? (isTls ? 443 : 80) : Number(port);
  // An IPv6 address stands in brackets in a URL only.
  const peer = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: number, timeLimitMs: REQUEST_MS };
  const { certificateEnds } = await connectPeer({ ...peer, tls: isTls ? {} : undefined });
  report.certificate(`the certificate of ${host}`, certificateEnds, RENEW);
  report.ok(`${host} can be reached`);
}

/** Connection and credentials of a destination; nothing is sent. */
export async function checkDestination(destination: DestinationConfig, report: Report): Promise<void> {
  const { problem, said, certificateEnds, date } = await probeDestination(destination, REQUEST_MS);
  report.certificate('its certificate', certificateEnds, RENEW);
  report.clock('the EMR', date);
  if (problem === undefined) report.ok(said);
  else report.fail(problem.what, problem.todo);
}
