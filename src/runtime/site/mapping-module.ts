/**
 * Loads a site's own mapping module (docs/guide/site-mapping.md): TypeScript, of which Node removes the types itself,
 * or JavaScript, as CommonJS or as ES module.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { z } from 'zod';
import type { SiteMapping } from '../../transforms/model/site-mapping';
import { reasonOf } from './reason';

const ENDINGS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

const isFunction = (value: unknown): boolean => typeof value === 'function';

const MappingSchema = z.strictObject({
  item: z.custom<NonNullable<SiteMapping['item']>>(isFunction, 'must be a function').optional(),
  segments: z.custom<NonNullable<SiteMapping['segments']>>(isFunction, 'must be a function').optional(),
});

export type LoadedModule =
  | { readonly mapping: SiteMapping; readonly problem?: undefined }
  /** What is wrong, for a person. */
  | { readonly mapping?: undefined; readonly problem: string };

/**
 * Loads the module and takes its export `mapping`. By `require`, which takes ES modules too: the worker then starts
 * with what it needs or not at all, and no step of the start has to wait.
 * @param file absolute path
 */
export function loadMappingModule(file: string): LoadedModule {
  if (!ENDINGS.some((ending) => file.endsWith(ending))) {
    return { problem: `is neither TypeScript nor JavaScript (its name ends with none of ${ENDINGS.join(', ')})` };
  }
  if (!existsSync(file)) return { problem: 'there is no such file' };
  let exported: unknown;
  try {
    exported = createRequire(file)(file);
  } catch (error) {
    return { problem: `cannot be loaded: ${reasonOf(error)}` };
  }
  if (typeof exported !== 'object' || exported === null || !('mapping' in exported)) {
    return { problem: 'has no export with the name `mapping`' };
  }
  const parsed = MappingSchema.safeParse(exported.mapping);
  if (parsed.success) {
    const { item, segments } = parsed.data;
    return { mapping: { ...(item === undefined ? {} : { item }), ...(segments === undefined ? {} : { segments }) } };
  }
  const what = parsed.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `has ${issue.keys.join(', ')}, which is none of item, segments`
      : `${['mapping', ...issue.path].map(String).join('.')} ${issue.message}`,
  );
  return { problem: what.join('; ') };
}
