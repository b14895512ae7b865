import type { Rule } from '../checklist.ts';
import { pythonDate } from '../python-date.ts';
import { describeElement, type StoredEdge, type StoredNode, textOf, type WholeGraph } from '../whole-graph.ts';
import { shapeOf } from './properties.ts';

/** What `datetime.isoformat()` writes for a time in UTC: no fraction or six digits that are not all 0. */
const PYTHON_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?!000000)\d{6})?\+00:00$/;

/** Dates have Python's format and a possible order. In this format the order of text is the order of time. */
export const timeRules: readonly Rule[] = [
  ({ nodes, edges }) =>
    [...nodes, ...edges].flatMap((element) =>
      dates(element)
        .filter(([, value]) => !isDate(value))
        .map(
          ([name, value]) =>
            `${describeElement(element)}: the ${name} ${JSON.stringify(value)} is not as Python writes dates`,
        ),
    ),
  (graph) =>
    facts(graph)
      .filter(
        (element) =>
          hasEnd(element) &&
          'valid_at' in element.properties &&
          textOf(element, 'valid_at') >= textOf(element, 'invalid_at'),
      )
      .map((element) => `${describeElement(element)}: ends when or before it begins`),
  (graph) =>
    facts(graph)
      .filter((element) => hasEnd(element) !== 'expired_at' in element.properties)
      .map((element) => `${describeElement(element)}: only one of invalid_at and expired_at`),
  chainRunsBack,
];

const facts = ({ edges }: WholeGraph) => edges.filter(({ type }) => type === 'RELATES_TO');
const hasEnd = ({ properties }: StoredEdge) => 'invalid_at' in properties;

function dates(element: StoredNode | StoredEdge): [string, unknown][] {
  const shape = shapeOf(element);
  const kinds = { ...shape?.mandatory, ...shape?.optional };
  return Object.entries(element.properties).filter(([name]) => kinds[name] === 'date');
}

function isDate(value: unknown): boolean {
  return typeof value === 'string' && PYTHON_UTC.test(value) && pythonDate(value) !== undefined;
}

function chainRunsBack({ nodes, edges }: WholeGraph): string[] {
  const times = new Map(nodes.map((node) => [textOf(node, 'uuid'), textOf(node, 'valid_at')]));
  const at = ({ uuid }: StoredEdge['source']) => times.get(uuid ?? '') ?? '';
  return edges
    .filter(({ type, source, target }) => type === 'NEXT_EPISODE' && at(source) > at(target))
    .map((element) => `${describeElement(element)}: leads to an earlier episode`);
}
