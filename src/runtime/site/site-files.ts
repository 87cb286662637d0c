/** Code maps and mapping modules of all destinations, read and checked once, when a worker starts. */
import { resolve } from 'node:path';
import type { SiteFiles } from '../../activities/dependencies';
import { DuctusError } from '../../domain/errors';
import type { DestinationId } from '../../domain/identifiers';
import type { CodeMapping } from '../../transforms/model/profile';
import type { Config, DestinationConfig } from '../config/schema';
import { readCodeMapFile, rowKey } from './code-map-file';
import { loadMappingModule } from './mapping-module';

const NOTHING: SiteFiles = { codeMappings: [], mapping: undefined };

/**
 * Loads the files that the configuration names. Paths are absolute (runtime/config/load.ts) or start at the working
 * directory.
 * @throws DuctusError DUCTUS_CONFIG_INVALID that names each file and what is wrong with it
 */
export function loadSiteFiles(config: Pick<Config, 'destinations'>): (destination: DestinationId) => SiteFiles {
  const loaded = new Map<string, SiteFiles>();
  const problems: string[] = [];
  for (const [name, { mapping }] of Object.entries(config.destinations)) {
    loaded.set(name, { codeMappings: codeMappings(mapping, problems), mapping: siteMapping(mapping, problems) });
  }
  const different = [...new Set(problems)];
  if (different.length > 0) {
    throw new DuctusError(
      'DUCTUS_CONFIG_INVALID',
      ['files of the site cannot be used:', ...different.map((problem) => `  ${problem}`)].join('\n'),
      { details: { problems: different.length } },
    );
  }
  return (destination) => loaded.get(destination) ?? NOTHING;
}

function codeMappings({ codeMaps }: DestinationConfig['mapping'], problems: string[]): readonly CodeMapping[] {
  const all: CodeMapping[] = [];
  const rows = new Map<string, string>();
  for (const file of codeMaps) {
    const read = readCodeMapFile(resolve(file));
    problems.push(...read.problems.map((problem) => `${file}: ${problem}`));
    for (const mapping of read.mappings) {
      const twin = rows.get(rowKey(mapping));
      if (twin !== undefined && twin !== file) {
        problems.push(`${file}: ${mapping.from.code} stands in ${twin} too, for the same unit`);
      }
      rows.set(rowKey(mapping), file);
      all.push(mapping);
    }
  }
  return all;
}

function siteMapping({ module: file }: DestinationConfig['mapping'], problems: string[]): SiteFiles['mapping'] {
  if (file === undefined) return undefined;
  const { mapping, problem } = loadMappingModule(resolve(file));
  if (problem !== undefined) problems.push(`${file}: ${problem}`);
  return mapping;
}
