/** Observation: comment, context, interpretation, related (hl7.org/fhir/R4/observation-version-maps.html). */
import { isObject } from '../fhir-bundle/lossless-json';
import { list } from './conversion';
import { append, kept, renamed, type ElementContext, type ElementRule, type ElementRules } from './element-rules';

/** R4 extensions for kinds of `related` that are no elements of R4 (R4 observation-profiles.html). */
const RELATED_EXTENSIONS: Readonly<Record<string, string>> = {
  'sequel-to': 'http://hl7.org/fhir/StructureDefinition/observation-sequelTo',
  replaces: 'http://hl7.org/fhir/StructureDefinition/observation-replaces',
};

export const OBSERVATION: ElementRules = {
  ...renamed('context', 'encounter'),
  ...kept('valueAttachment', 'Attachment'),
  comment: (context) => {
    addComment(context);
  },
  _comment: (context) => {
    // Goes with `comment`, when there is one.
    if (context.raw['comment'] === undefined) addComment(context);
  },
  note: ({ value, resource, conversion, type }) => {
    append(resource, 'note', ...list(conversion.copy(value, 'note', type)));
  },
  interpretation: ({ value, resource, conversion, type }) => {
    const copied = conversion.copy(value, 'interpretation', type);
    if (copied === undefined) return;
    resource['interpretation'] = list(copied);
    if (!Array.isArray(copied)) conversion.changed('interpretation', 'interpretation', 'interpretation');
  },
  component: ({ value, resource, conversion, type }) => {
    const components = list(conversion.copy(value, 'component', type)).map((component) =>
      isObject(component) && component['interpretation'] !== undefined
        ? { ...component, interpretation: list(component['interpretation']) }
        : component,
    );
    if (components.length > 0) resource['component'] = components;
  },
  related: related(),
};

function addComment({ raw, resource, conversion, type }: ElementContext): void {
  const text = conversion.copy(raw['comment'], 'comment', type);
  const extensions = conversion.copy(raw['_comment'], '_comment', type);
  if (text === undefined && extensions === undefined) return;
  append(resource, 'note', {
    ...(text === undefined ? {} : { text }),
    ...(extensions === undefined ? {} : { _text: extensions }),
  });
  conversion.changed('comment', `note[${list(resource['note']).length - 1}]`, 'comment');
}

function related(): ElementRule {
  return ({ value, resource, conversion, type }) => {
    list(value).forEach((one, position) => {
      if (!isObject(one)) return;
      const from = `related[${position}]`;
      const target = conversion.copy(one['target'], 'target', type);
      const kind = one['type'];
      const element = kind === 'has-member' ? 'hasMember' : kind === 'derived-from' ? 'derivedFrom' : undefined;
      const url = typeof kind === 'string' && Object.hasOwn(RELATED_EXTENSIONS, kind) ? RELATED_EXTENSIONS[kind] : '';
      if (target !== undefined && element !== undefined) {
        append(resource, element, target);
        conversion.changed('related', `${element}[${list(resource[element]).length - 1}]`, from);
      } else if (target !== undefined && url !== undefined && url !== '') {
        conversion.extend({ url, valueReference: target });
        conversion.changed('related', 'extension', from);
      } else {
        const name = typeof kind === 'string' ? `related.${kind}` : 'related';
        if (target === undefined) conversion.keep(`${type}.${name}`, 'String', one);
        else conversion.keep(`${type}.${name}`, 'Reference', target);
      }
    });
  };
}
