/**
 * Runs one simulator as a process: `node dist/simulators/main.js emr …`, `… his …` or `… roche …`. Options come from a JSON
 * file, from flags, or both (flags win). Prints one JSON line when it serves; SIGTERM and SIGINT stop it.
 */
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { writeCertificates } from './certificates';
import { listenForControl } from './control-server';
import { createEmrControl } from './emr/control';
import { EmrOptionsSchema, EmrSimulator } from './emr/emr-simulator';
import { createHisControl } from './his/control';
import { HisSimulator } from './his/his-simulator';
import { HisOptionsSchema } from './his/options';
import { createRocheControl } from './roche-dc/control';
import { RocheOptionsSchema } from './roche-dc/options';
import { RocheSimulator } from './roche-dc/roche-simulator';
import type { FastifyInstance } from 'fastify';
import { WITH_PARENT } from './ready';
import type { Ready } from './ready';

const common = {
  /** Port of the control API. */
  controlPort: z.number().int().min(0).max(65535).default(0),
};
const EmrFileSchema = EmrOptionsSchema.omit({ tls: true }).extend({
  ...common,
  /** Folder of `writeCertificates`; when given, MLLP is over TLS. */
  certificates: z.string().optional(),
});
const HisFileSchema = HisOptionsSchema.extend(common);
const RocheFileSchema = RocheOptionsSchema.extend({
  ...common,
  /** Folder of `writeCertificates`; made when it is not there. */
  certificates: z.string(),
});

interface Running {
  readonly ready: Ready;
  stop(): Promise<void>;
}

async function runEmr(options: z.output<typeof EmrFileSchema>): Promise<Running> {
  const { controlPort, certificates, ...rest } = options;
  const tls = certificates === undefined ? undefined : (await writeCertificates(certificates)).server;
  const simulator = new EmrSimulator({ ...rest, ...(tls === undefined ? {} : { tls }) });
  await simulator.start();
  const control = createEmrControl(simulator);
  const controlUrl = await listenForControl(control, controlPort);
  return {
    ready: { simulator: 'emr', pid: process.pid, seed: simulator.seed, port: simulator.port, controlUrl },
    stop: () => stopAll(control, simulator),
  };
}

async function runHis(options: z.output<typeof HisFileSchema>): Promise<Running> {
  const { controlPort, ...rest } = options;
  const simulator = new HisSimulator(rest);
  const control = createHisControl(simulator);
  const controlUrl = await listenForControl(control, controlPort);
  // With a receiver it begins at once; without one, when the control API says so.
  if (rest.target !== undefined) {
    simulator.run().catch(() => undefined);
  }
  return {
    ready: { simulator: 'his', pid: process.pid, seed: simulator.seed, controlUrl },
    stop: () => stopAll(control, simulator),
  };
}

async function runRoche(options: z.output<typeof RocheFileSchema>): Promise<Running> {
  const { controlPort, certificates, ...rest } = options;
  const simulator = new RocheSimulator(rest, await writeCertificates(certificates));
  await simulator.start();
  const control = createRocheControl(simulator);
  const controlUrl = await listenForControl(control, controlPort);
  const { seed, servicesUrl, fhirUrl, s3Endpoint } = simulator;
  return {
    ready: { simulator: 'roche', pid: process.pid, seed, servicesUrl, fhirUrl, s3Endpoint, controlUrl },
    stop: () => stopAll(control, simulator),
  };
}

async function stopAll(control: FastifyInstance, simulator: { stop(): Promise<void> }): Promise<void> {
  await control.close();
  await simulator.stop();
}

/** Starts, says so, and waits for the signal to stop. */
async function serve(start: () => Promise<Running>): Promise<void> {
  // Before the ready line: whoever reads it may send the signal at once.
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
    if (process.env[WITH_PARENT] === '1') {
      // The parent holds the other end of standard input: when it ends, however, so does this process.
      process.stdin.resume().once('end', resolve);
    }
  });
  const running = await start();
  process.stdout.write(`${JSON.stringify(running.ready)}\n`);
  await stop;
  await running.stop();
  process.stdin.destroy();
}

const FlagsSchema = z.record(z.string(), z.unknown());

/** The JSON file of `--config`, if any, with the flags over it. */
async function merged(flags: unknown): Promise<Record<string, unknown>> {
  const { config, ...rest } = FlagsSchema.parse(flags);
  const file =
    config === undefined ? {} : FlagsSchema.parse(JSON.parse(await readFile(z.string().parse(config), 'utf8')));
  return { ...file, ...rest };
}

const configOption = () => new Option('--config <file>', 'JSON file with any of the options');
const numeric = (flags: string, text: string): Option => new Option(flags, text).argParser(Number);
const json = (flags: string, text: string): Option =>
  new Option(flags, text).argParser((value): unknown => JSON.parse(value));

function createProgram(): Command {
  const program = new Command('simulators').description('Simulators for the demo and the tests. Not for production.');
  program
    .command('emr')
    .description('an EMR that takes HL7 v2 over MLLP')
    .addOption(configOption())
    .addOption(numeric('--port <port>', 'MLLP port'))
    .option('--log <file>', 'log of every frame; an existing one is gone on with')
    .option('--certificates <folder>', 'MLLP over TLS with the certificates in this folder')
    .addOption(numeric('--seed <number>', 'seed of the answers'))
    .addOption(json('--rates <json>', 'share of each answer, as {"AE":0.01,"drop-after-storing":0.02}'))
    .addOption(numeric('--delay-ms <ms>', 'wait of the answer `delay`'))
    .addOption(numeric('--late-ms <ms>', 'wait of the answer `late`'))
    .addOption(numeric('--control-port <port>', 'port of the control API'))
    .action(async (flags: unknown) => {
      const options = EmrFileSchema.parse(await merged(flags));
      await serve(() => runEmr(options));
    });
  program
    .command('his')
    .description('a HIS that sends ADT over MLLP')
    .addOption(configOption())
    .addOption(json('--target <json>', 'where to, as {"port":2575}; it begins at once'))
    .addOption(numeric('--seed <number>', 'seed of patients and changes'))
    .addOption(numeric('--patients <count>', 'patients'))
    .addOption(numeric('--messages <count>', 'messages about them'))
    .addOption(numeric('--connections <count>', 'MLLP connections'))
    .option('--mode <mode>', 'by-patient or spread')
    .addOption(numeric('--over-ms <ms>', 'time over which they are sent'))
    .option('--style <style>', 'standard, american, german, spanish or central; default: by patient')
    .addOption(numeric('--control-port <port>', 'port of the control API'))
    .action(async (flags: unknown) => {
      const options = HisFileSchema.parse(await merged(flags));
      await serve(() => runHis(options));
    });
  program
    .command('roche')
    .description('the Roche Diabetes Care platform')
    .addOption(configOption())
    .option('--certificates <folder>', 'certificates, made when they are not there')
    .addOption(json('--organizations <json>', 'list of {emrOid, clientId, clientSecret, callback: {url, …}}'))
    .addOption(numeric('--services-port <port>', 'port of the services API'))
    .addOption(numeric('--s3-port <port>', 'port of S3'))
    .addOption(json('--patients <json>', 'options of the patient services, as {"port":8443,"latencyScale":0.1}'))
    .addOption(numeric('--seed <number>', 'seed of ids, duplicates and faults'))
    .addOption(numeric('--duplicate-rate <share>', 'share of notifications that come twice'))
    .addOption(numeric('--renotifications <count>', 'repeats without an ACK'))
    .addOption(numeric('--renotify-after-ms <ms>', 'wait before a repeat'))
    .option('--retry-unanswered', 'send a notification again until it is answered 2xx')
    .addOption(json('--faults <json>', 'share of each fault, as {"s3-503":0.01}'))
    .addOption(numeric('--control-port <port>', 'port of the control API'))
    .action(async (flags: unknown) => {
      const options = RocheFileSchema.parse(await merged(flags));
      await serve(() => runRoche(options));
    });
  return program;
}

createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof z.ZodError ? z.prettifyError(error) : String(error)}\n`);
    process.exitCode = 1;
  });
