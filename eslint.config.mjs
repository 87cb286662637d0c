/**
 * What the compiler does not say. Type-aware, since the rule that matters most in durable work (no promise is left
 * floating) needs types. Which layer may import which is not here but in .dependency-cruiser.cjs.
 */
import { builtinModules } from 'node:module';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const NODE_BUILTINS = builtinModules.flatMap((name) => [name, `node:${name}`]);

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.ductus/', 'node_modules/', '**/*.cjs', '**/*.mjs']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `as const` only: any other assertion is a claim that nothing checks.
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // An error that is passed on as it came is `unknown`.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      // Our factories give objects of closures; their methods have no `this` to lose.
      '@typescript-eslint/unbound-method': 'off',
      // gRPC and Temporal hand their codes out as numbers.
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      // An async function without await is how a value is given the shape of an interface.
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Export by name: a name is what a reader searches for.' },
        {
          selector: 'TSEnumDeclaration',
          message: 'Write a const object and a union: the values show in logs and JSON.',
        },
      ],
    },
  },
  {
    name: 'workflows are deterministic',
    files: ['src/workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        ...NODE_BUILTINS.filter((name) => !/^(node:)?assert$/.test(name)).map((name) => ({
          name,
          message: 'A workflow is replayed: what touches the machine belongs in an activity.',
        })),
      ],
      // Date.now, setTimeout and Math.random are replaced by deterministic ones in a workflow; these are not.
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'Not there in a workflow, and not the same on the next machine.' },
        { name: 'Temporal', message: 'Temporal.Now reads the real clock, which differs in a replay. Use Date.now().' },
        { name: 'performance', message: 'Reads the real clock, which differs in a replay. Use Date.now().' },
        { name: 'crypto', message: 'Random, which differs in a replay. Use uuid4 of @temporalio/workflow.' },
        { name: 'fetch', message: 'The network belongs in an activity.' },
      ],
    },
  },
  {
    name: 'transforms are pure',
    files: ['src/transforms/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'fetch', 'performance', 'setTimeout', 'setInterval', 'crypto'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Same input, same bytes: take the time as an argument.' },
        { object: 'Math', property: 'random', message: 'Same input, same bytes.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'Same input, same bytes: take the time as an argument.',
        },
        { selector: 'ExportDefaultDeclaration', message: 'Export by name: a name is what a reader searches for.' },
        {
          selector: 'TSEnumDeclaration',
          message: 'Write a const object and a union: the values show in logs and JSON.',
        },
      ],
    },
  },
  {
    name: 'programs that talk to a person',
    files: [
      'demo/**/*.ts',
      'bench/**/*.ts',
      'scripts/**/*.ts',
      'src/cli/**/*.ts',
      'src/runtime/embedded/postgres-main.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    name: 'tests',
    files: ['test/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      // JSON.parse and expect.objectContaining give `any`: a test compares it at once.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    name: 'jest loads these by their default export',
    files: ['test/support/global-setup.ts', 'test/support/global-teardown.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
