import { CEL_RULES } from '../rules.js';
import { API_VERSION, KIND } from '../schema.js';
import { conditionTypes, phases, reasons } from '../status.js';
import { faceModelSchema, printerColumns } from './definition.js';
import { fieldsOf, rulesOf } from './fields.js';
import { markdownTable } from './markdown-table.js';

/** The part of the reference page that is generated: everything that one may write into a FaceModel or read from it. */
export function faceModelReference(): string {
  const schema = faceModelSchema();
  const fields = fieldsOf(schema);
  const written = fields.filter(({ path }) => path.startsWith('spec.'));
  const reported = fields.filter(({ path }) => path.startsWith('status.'));
  const columns = printerColumns.map(({ name, jsonPath, description, priority }) => [
    name,
    code(jsonPath),
    `${description}${priority === undefined ? '' : ' With `-o wide`.'}`,
  ]);
  return [
    `## spec\n\n\`apiVersion: ${API_VERSION}\`, \`kind: ${KIND}\`. A field without a default may be left out unless it is called required.\n`,
    markdownTable(
      ['field', 'type', 'default', 'bounds', 'meaning'],
      written.map((f) => [code(f.path.slice('spec.'.length)), f.type, f.required ? 'required' : code(f.default), f.bounds, f.description]),
    ),
    '### What fields owe each other\n',
    markdownTable(
      ['field', 'rule'],
      rulesOf(schema, CEL_RULES).map(({ path, message }) => [code(path), message]),
    ),
    '## status\n',
    markdownTable(
      ['field', 'type', 'meaning'],
      reported.map((f) => [code(f.path.slice('status.'.length)), f.type, f.description]),
    ),
    '### Phases\n',
    meanings('phase', phases),
    '### Conditions\n',
    meanings('type', conditionTypes),
    '### Reasons\n\nOf the conditions. Reasons are API: there may be more of them one day, and none is renamed.\n',
    meanings('reason', reasons),
    '## Columns of `kubectl get facemodels`\n',
    markdownTable(['column', 'from', 'meaning'], columns),
  ].join('\n');
}

function meanings(of: string, table: Readonly<Record<string, string>>): string {
  return markdownTable(
    [of, 'meaning'],
    Object.entries(table).map(([name, meaning]) => [code(name), meaning]),
  );
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}
