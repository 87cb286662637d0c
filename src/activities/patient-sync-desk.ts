/**
 * Tells the registration desk of a patient whom Roche refuses: a webhook, an e-mail, or both. Without data of the patient:
 * the control id leads the desk to the message in its own system.
 */
import { createTransport } from 'nodemailer';
import { request } from 'undici';
import { DuctusError, ERRORS } from '../domain/errors';
import type { DeskReport } from '../domain/patient-sync';
import { patientSyncWorkflowId } from '../domain/workflow-ids';
import type { PatientSyncConfig } from '../runtime/config/schema';

/** One webhook call, and each step of an SMTP conversation. */
const TIMEOUT_MS = 10_000;

type Email = NonNullable<PatientSyncConfig['registrationDesk']['email']>;

/** @throws DuctusError DUCTUS_DESK_UNREACHABLE when one of them did not take it; both get it again then */
export async function tellDesk(desk: PatientSyncConfig['registrationDesk'], report: DeskReport): Promise<void> {
  if (desk.webhook !== undefined) await post(desk.webhook, report);
  if (desk.email !== undefined) await mail(desk.email, report);
}

/** What the webhook gets, and the e-mail says. */
export function reportOf(report: DeskReport): Readonly<Record<string, string>> {
  const { organization, patient, changeId, controlId, source, event, code, element, atMs } = report;
  return {
    kind: 'patient-refused',
    // The same again is the same report.
    id: changeId,
    organization,
    source,
    controlId,
    event,
    code,
    ...(element === undefined ? {} : { element }),
    what: ERRORS[code].title,
    nextStep: ERRORS[code].nextStep,
    work: patientSyncWorkflowId(organization, patient),
    at: new Date(atMs).toISOString(),
  };
}

async function post(url: string, report: DeskReport): Promise<void> {
  let status: number;
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(reportOf(report)),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body.dump();
    status = answer.statusCode;
  } catch (error) {
    throw unreachable('The webhook of the registration desk did not answer.', error);
  }
  if (status >= 300) throw unreachable(`The webhook of the registration desk answered ${String(status)}.`);
}

async function mail({ to, from, smtp }: Email, report: DeskReport): Promise<void> {
  const { controlId, code, element } = report;
  const transport = createTransport({
    url: smtp.reveal(),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // Texts of the configuration are files nowhere.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: `Roche refuses a patient: message ${controlId}${element === undefined ? '' : `, ${element}`}`,
      text: Object.entries(reportOf(report))
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n'),
      // A mail server that gets the same again can tell.
      messageId: `<${report.changeId}.${code.toLowerCase()}@ductus.invalid>`,
    });
  } catch (error) {
    throw unreachable('The mail server of the registration desk did not take the message.', error);
  } finally {
    transport.close();
  }
}

function unreachable(what: string, cause?: unknown): DuctusError {
  return new DuctusError('DUCTUS_DESK_UNREACHABLE', what, cause === undefined ? {} : { cause });
}
