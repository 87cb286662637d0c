/**
 * What a mutation test leaves alone (stryker.config.mjs): the words for people in the tables of rules, `why` and `source`.
 * They are on a page of the documentation, which is compared with the code by another test.
 */
const WORDS = new Set(['why', 'source']);

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'words-for-people',
    value: {
      shouldIgnore(path) {
        if (!path.isObjectProperty() || path.node.key.type !== 'Identifier' || !WORDS.has(path.node.key.name))
          return undefined;
        const { type } = path.node.value;
        return type === 'StringLiteral' || type === 'TemplateLiteral' ? 'words for people' : undefined;
      },
    },
  },
];
