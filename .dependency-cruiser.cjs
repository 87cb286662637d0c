/**
 * Who may import whom. Each rule says why. `test/house/arrows.test.ts` runs them on the tree, and on planted violations.
 * The picture: docs/decisions/0001-layers-and-domain.md.
 */
const COLUMNS = ['data-sharing', 'patient-sync', 'federation', 'healthlake', 'bulk'];

/** A flow's files touch no file of another flow's, in the same row or in any other. */
const columnRules = COLUMNS.map((column) => ({
  name: `column-${column}`,
  comment:
    'A flow is a column: it can be read, changed and removed without the others. What two flows share belongs in ' +
    'domain, store, runtime or a connector.',
  severity: 'error',
  from: { path: `^src/(api|workflows|activities)/${column}` },
  to: { path: `^src/(api|workflows|activities)/(${COLUMNS.filter((other) => other !== column).join('|')})` },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one thing in two places, and load in an order that nobody chose.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'What cannot be found here cannot be found in production.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'src-stands-alone',
      comment:
        'The production image holds src only. Simulators, demo, tests and benchmarks lean on src, never the reverse; ' +
        'scripts are for building.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(simulators|demo|test|bench|scripts)/' },
    },
    {
      name: 'src-needs-no-dev-packages',
      comment: 'The production image has no development packages.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm-optional'] },
    },
    {
      name: 'declared-packages-only',
      comment: 'A package that another one happens to bring can be gone tomorrow.',
      severity: 'error',
      from: { path: '^(src|simulators|demo|bench|scripts)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'domain-is-a-leaf',
      comment: 'Every layer imports the domain; if it imported one of them, each would depend on all.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { path: '^src/', pathNot: '^src/domain/' },
    },
    {
      name: 'domain-does-no-io',
      comment: 'Workflows import the domain, and are replayed: nothing in it may touch the machine.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflows-import-domain-only',
      comment:
        'A workflow is order, time limits and decisions. With no transforms, connectors or store in it, a mapping fix ' +
        'never changes a replay. Of the activities it knows the types only.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: { path: '^src/', pathNot: '^src/(workflows|domain)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-know-the-types-of-activities-only',
      comment: 'Types of an activity are its contract; types of the layers below it are none of a workflow’s business.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: { path: '^src/', pathNot: '^src/(workflows|domain|activities)/' },
    },
    {
      name: 'workflows-import-no-node-builtins',
      comment: 'They are not there in the sandbox, and what they read differs in a replay.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?assert$' },
    },
    {
      name: 'workflows-import-temporal-only',
      comment:
        'Any package in the bundle has to be deterministic for as long as histories live. Only the SDK is, with its own interceptors.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: {
        path: 'node_modules/',
        pathNot: 'node_modules/@temporalio/(workflow|common|interceptors-opentelemetry)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'transforms-are-pure',
      comment: 'Same input, same bytes out: a transform is tested, replayed and compared without anything around it.',
      severity: 'error',
      from: { path: '^src/transforms/' },
      to: { path: '^src/', pathNot: '^src/(transforms|protocols|domain)/' },
    },
    {
      name: 'transforms-do-no-io',
      comment:
        'No clock, no files, no network. Hashing is arithmetic: node:crypto is allowed (createHash, createHmac).',
      severity: 'error',
      from: { path: '^src/transforms/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util)$' },
    },
    {
      name: 'protocols-are-pure',
      comment:
        'Wire formats that a door and a connector share (MLLP frames, HL7 v2 messages): bytes in, values out, and nothing ' +
        'of sockets or flows (ADR 0015).',
      severity: 'error',
      from: { path: '^src/protocols/' },
      to: { path: '^src/', pathNot: '^src/(protocols|domain)/' },
    },
    {
      name: 'connectors-know-no-flow',
      comment: 'A connector is a client of one outside system, and can be used by any flow or by none.',
      severity: 'error',
      from: { path: '^src/connectors/' },
      to: { path: '^src/(api|workflows|activities|queries|streams|cli|store|transforms)/' },
    },
    {
      name: 'connectors-know-no-temporal',
      comment: 'Whether a retry can help is said by the error; that something retries is not the connector’s business.',
      severity: 'error',
      from: { path: '^src/connectors/' },
      to: { path: 'node_modules/@temporalio/' },
    },
    {
      name: 'api-starts-workflows-and-reads-views',
      comment:
        'Every change goes through a workflow. The entry points reach the outside, the transforms and store writes only by ' +
        'it; queries and streams are the only other ways.',
      severity: 'error',
      from: { path: '^src/api/' },
      to: {
        path: '^src/(activities|connectors|transforms|store|cli)/',
        // The door of the HIS answers AE with the field: it has to read a message as the mapping does (ADR 0015).
        pathNot: '^src/transforms/adt-to-fhir/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'activities-know-no-entry-point',
      comment: 'An activity is called by a workflow, whatever started that.',
      severity: 'error',
      from: { path: '^src/activities/' },
      to: { path: '^src/(api|cli|queries|streams|workflows)/' },
    },
    {
      name: 'store-knows-no-flow',
      comment: 'The store is tables and queries; what they are for is decided above it.',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/(api|workflows|activities|connectors|transforms|queries|streams|cli)/' },
    },
    {
      name: 'queries-only-read',
      comment: 'A read-only view asks the store. What changes something goes through a workflow.',
      severity: 'error',
      from: { path: '^src/queries/' },
      to: { path: '^src/(api|workflows|activities|connectors|transforms|streams|cli)/' },
    },
    {
      name: 'nothing-imports-the-command-line',
      comment: 'The command line is the outermost layer: it wires everything, so nothing may depend on it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'simulators-stand-alone',
      comment:
        'A simulator is an outside system. If it shared code with Ductus beyond the domain, both could be wrong in the ' +
        'same way and no test would see it.',
      severity: 'error',
      from: { path: '^simulators/' },
      to: { path: '^(src|demo|test|bench)/', pathNot: '^src/domain/' },
    },
    ...columnRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'require', 'default', 'types'] },
  },
};
