import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** One selector of an expression: `metric{label="value"}`. */
interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

export interface ParsedQuery {
  readonly selectors: readonly Selector[];
  /** Of `by`, `on` and their like, each with the metrics that it is about. */
  readonly groupings: readonly { readonly label: string; readonly metrics: readonly string[] }[];
  /** Labels that the result may have; undefined: those of its metrics. */
  readonly resultLabels: ReadonlySet<string> | undefined;
}

/** Of a counter or a histogram, over a time: `rate(up)` is an error that a grammar does not see. */
const overTime = new Set(['rate', 'irate', 'increase', 'delta', 'deriv', 'changes', 'resets']);

/** What stands in Prometheus' query language. Throws where it is not well-formed, or asks for a rate of what has no time. */
export function parseQuery(text: string): ParsedQuery {
  const selectors: Selector[] = [];
  const groupings: { readonly label: string; readonly metrics: readonly string[] }[] = [];
  const { topNode } = parser.parse(text);
  visit(topNode, (node) => {
    if (node.type.isError) throw new Error(`not well-formed at ${node.from}: …${text.slice(Math.max(0, node.from - 20), node.to + 20)}…`);
    if (node.name === 'VectorSelector') selectors.push(selectorOf(node, text));
    if (node.name === 'FunctionCall') requireRange(node, text);
    if (node.name === 'GroupingLabels') {
      const metrics = metricsBelow(expressionOf(node), text);
      for (const label of labelsOf(node, text)) groupings.push({ label, metrics });
    }
  });
  return { selectors, groupings, resultLabels: resultLabelsOf(topNode.firstChild, text) };
}

function selectorOf(node: SyntaxNode, text: string): Selector {
  const matchers: Matcher[] = [];
  visit(node, (inner) => {
    if (inner.name !== 'UnquotedLabelMatcher') return;
    const [label, operator, value] = children(inner).map((child) => textOf(child, text));
    matchers.push({ label: label ?? '', operator: operator ?? '', value: (value ?? '').slice(1, -1) });
  });
  return { metric: textOf(node.getChild('Identifier'), text), matchers };
}

function requireRange(call: SyntaxNode, text: string): void {
  const name = textOf(call.getChild('FunctionIdentifier'), text);
  const argument = call.getChild('FunctionCallBody')?.firstChild ?? null;
  const plain = argument?.name === 'OffsetExpr' ? argument.firstChild : argument;
  if (overTime.has(name) && plain?.name !== 'MatrixSelector' && plain?.name !== 'SubqueryExpr')
    throw new Error(`${name}() needs a time: ${textOf(call, text)}`);
}

/** The aggregation or the comparison that labels belong to. */
function expressionOf(labels: SyntaxNode): SyntaxNode {
  const modifier = labels.parent;
  return modifier?.parent ?? labels;
}

/** What comes out: an aggregation names its labels, a comparison has those of its left side, anything else those of its metrics. */
function resultLabelsOf(node: SyntaxNode | null, text: string): ReadonlySet<string> | undefined {
  switch (node?.name) {
    case 'AggregateExpr':
      return new Set(labelsOf(node.getChild('AggregateModifier')?.getChild('GroupingLabels') ?? null, text));
    case 'ParenExpr':
    case 'BinaryExpr':
      return resultLabelsOf(node.firstChild, text);
    case 'FunctionCall':
      return textOf(node.getChild('FunctionIdentifier'), text) === 'absent' ? new Set() : labelsOfArguments(node, text);
    default:
      return undefined;
  }
}

/** As of `histogram_quantile(0.99, sum by (le) (…))`. */
function labelsOfArguments(call: SyntaxNode, text: string): ReadonlySet<string> | undefined {
  const aggregation = children(call.getChild('FunctionCallBody')).find(({ name }) => name === 'AggregateExpr');
  return aggregation && resultLabelsOf(aggregation, text);
}

function metricsBelow(node: SyntaxNode, text: string): readonly string[] {
  const found: string[] = [];
  visit(node, (inner) => {
    if (inner.name === 'VectorSelector') found.push(textOf(inner.getChild('Identifier'), text));
  });
  return found;
}

function labelsOf(node: SyntaxNode | null, text: string): readonly string[] {
  return (node?.getChildren('LabelName') ?? []).map((label) => textOf(label, text));
}

function visit(node: SyntaxNode, see: (node: SyntaxNode) => void): void {
  see(node);
  for (const child of children(node)) visit(child, see);
}

function children(node: SyntaxNode | null): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

function textOf(node: SyntaxNode | null, text: string): string {
  return node === null ? '' : text.slice(node.from, node.to);
}
