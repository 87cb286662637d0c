/** The container files say what they should. `scripts/compose-check` loads the Compose file with Compose's own library in CI. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { createConfigSchema } from '../../src/runtime/config/schema';
import type { SecretRef } from '../../src/runtime/config/schema';
import { Secret } from '../../src/runtime/config/secret';
import { ROOT } from './planted';

const Service = z.looseObject({
  image: z.string(),
  restart: z.string().optional(),
  command: z.array(z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  ports: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()).optional(), disable: z.boolean().optional() }).optional(),
});

const Compose = z.looseObject({
  services: z.record(z.string(), Service),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  volumes: z.record(z.string(), z.unknown()),
});

const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

describe('docker-compose.yml', () => {
  const compose = Compose.parse(parse(text('docker-compose.yml'), { merge: true }));
  const services = Object.entries(compose.services);
  const ductus = services.filter(([, service]) => service.image.startsWith('ductus:'));

  it('should run the API, a worker, the codec server, Temporal with its Web UI, and PostgreSQL', () => {
    expect(services.map(([name]) => name)).toEqual(
      expect.arrayContaining(['api', 'worker', 'codec', 'temporal', 'temporal-ui', 'postgres']),
    );
    expect(ductus.map(([, service]) => service.command)).toEqual([
      ['serve', '--role', 'api'],
      ['serve', '--role', 'worker'],
      ['serve', '--role', 'codec'],
    ]);
  });

  it.each(services)('%s should have a pinned image and open ports to this machine only', (_name, service) => {
    expect(service.image).toMatch(/:\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    service.ports.forEach((port) => expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/));
  });

  it.each(services)('%s should depend on services that can meet the condition', (_name, service) => {
    for (const [name, { condition }] of Object.entries(service.depends_on)) {
      const other = compose.services[name];
      expect(other).toBeDefined();
      if (condition === 'service_healthy') {
        expect(other?.healthcheck?.test).toBeDefined();
      } else {
        expect(condition).toBe('service_completed_successfully');
        expect(other?.restart).toBeUndefined();
      }
    }
  });

  it.each(services)('%s should be looked after: a check and a restart, or an end', (_name, service) => {
    if (service.restart === undefined) {
      expect(service.entrypoint?.[0]).toBe('/bin/sh');
    } else {
      expect(service.restart).toBe('unless-stopped');
      expect(service.healthcheck).toBeDefined();
    }
  });

  it('should mount only what is there and declared', () => {
    const sources = services.flatMap(([, service]) => service.volumes.map((volume) => volume.split(':')[0] ?? ''));
    for (const source of sources) {
      expect(source.startsWith('./') ? existsSync(join(ROOT, source)) : source in compose.volumes).toBe(true);
    }
  });

  it('should give each service the secrets that it reads, and no literal one', () => {
    const asked: string[] = [];
    const schema = createConfigSchema((ref: SecretRef) => {
      asked.push('file' in ref ? ref.file : 'not a file');
      return new Secret('a secret of at least sixteen characters');
    });
    expect(schema.safeParse(parse(text('config/compose/ductus.yaml'))).error).toBeUndefined();
    for (const [, service] of ductus) {
      expect([...new Set(asked)].sort()).toEqual(service.secrets.map((name) => `/run/secrets/${name}`).sort());
    }
    const granted = services.flatMap(([, service]) => service.secrets);
    expect([...new Set(granted)].sort()).toEqual(Object.keys(compose.secrets).sort());
    expect(text('docker-compose.yml')).not.toMatch(/PASSWORD: |_PWD: /);
  });
});

describe('Dockerfile', () => {
  const lines = text('Dockerfile').split('\n');
  const final = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  it('should pin its base to a version that package.json allows', () => {
    const bases = lines.filter((line) => line.startsWith('FROM '));
    expect(new Set(bases.map((line) => line.split(' ')[1]))).toEqual(new Set(['node:24.21.0-bookworm-slim']));
    expect(
      z.object({ engines: z.object({ node: z.string() }) }).parse(JSON.parse(text('package.json'))).engines.node,
    ).toBe('>=24.2 <26');
  });

  it('should run as nobody special, with a check, and without development packages, demo and simulators', () => {
    expect(final).toContain('USER node');
    expect(final.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
    expect(lines.join('\n')).toContain('npm ci --omit=dev');
    expect(final.filter((line) => line.startsWith('COPY '))).toEqual([
      'COPY package.json LICENSE ./',
      'COPY --from=packages /app/node_modules ./node_modules',
      'COPY --from=build /app/dist/src ./dist/src',
      'COPY --from=build /app/dist/workflow-bundle.js ./dist/',
    ]);
  });

  it('should copy only what .dockerignore lets in and the repository has', () => {
    const allowed = text('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect([...new Set(copied)].sort()).toEqual(allowed.sort());
    copied.forEach((path) => expect(existsSync(join(ROOT, path))).toBe(true));
  });
});
