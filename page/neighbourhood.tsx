import {
  forceCenter,
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  type SimulationNodeDatum,
} from 'd3-force';
import { useMemo } from 'preact/hooks';
import type { EntityItem, Fact } from '../src/page/schemas.ts';
import { hrefOf, Link } from './route.tsx';
import { holdsAt } from './times.tsx';

const MOST = 150;
const STEPS = 220;
const PADDING = 70;

interface Node extends SimulationNodeDatum {
  readonly id: string;
  readonly name: string;
}

interface Edge {
  readonly id: string;
  readonly source: Node;
  readonly target: Node;
  readonly label: string;
  readonly isCurrent: boolean;
}

/** A picture of the entity and of those that its facts name; what no longer holds is dashed. */
export function Neighbourhood({ entity, facts }: { entity: EntityItem; facts: readonly Fact[] }) {
  const picture = useMemo(() => layout(entity, facts), [entity, facts]);
  const { nodes, edges, box, isCut } = picture;
  if (nodes.length < 2) return null;
  return (
    <section>
      <h2>Neighbours</h2>
      <figure aria-label={`${nodes.length - 1} neighbours of ${entity.name}`}>
        <svg class="neighbours" viewBox={box}>
          <title>Entities that share a fact with {entity.name}</title>
          {edges.map(({ id, source, target, label, isCurrent }) => (
            <line
              key={id}
              class={isCurrent ? undefined : 'past'}
              {...{ x1: source.x, y1: source.y, x2: target.x, y2: target.y }}
            >
              <title>{label}</title>
            </line>
          ))}
          {nodes.map(({ id, name, x = 0, y = 0 }) => (
            <Link
              key={id}
              href={hrefOf(`/entities/${encodeURIComponent(id)}`)}
              class={id === entity.uuid ? 'center' : undefined}
              aria-label={name}
            >
              <g transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
                <circle r={id === entity.uuid ? 7 : 5} />
                <text y={-11} text-anchor="middle">
                  {name.length > 28 ? `${name.slice(0, 27)}…` : name}
                </text>
              </g>
            </Link>
          ))}
        </svg>
      </figure>
      {isCut && <p class="quiet">Only {MOST - 1} neighbours are drawn.</p>}
    </section>
  );
}

function layout(entity: EntityItem, facts: readonly Fact[]) {
  const names = new Map<string, Node>([[entity.uuid, { id: entity.uuid, name: entity.name, fx: 0, fy: 0 }]]);
  const now = Date.now();
  const edges: Edge[] = [];
  let isCut = false;
  for (const fact of facts) {
    const ends = [
      [fact.sourceUuid, fact.source],
      [fact.targetUuid, fact.target],
    ] as const;
    for (const [id, name] of ends)
      if (!names.has(id)) {
        if (names.size < MOST) names.set(id, { id, name });
        else isCut = true;
      }
    const [source, target] = [names.get(fact.sourceUuid), names.get(fact.targetUuid)];
    if (source && target && source !== target)
      edges.push({ id: fact.uuid, source, target, label: fact.relation, isCurrent: holdsAt(fact, now) });
  }
  const nodes = [...names.values()];
  forceSimulation(nodes)
    .force('links', forceLink<Node, Edge>(edges).distance(95))
    .force('apart', forceManyBody().strength(-380))
    .force('room', forceCollide(34))
    .force('center', forceCenter(0, 0).strength(0.05))
    .stop()
    .tick(STEPS);
  const [xs, ys] = [nodes.map(({ x = 0 }) => x), nodes.map(({ y = 0 }) => y)];
  const [left, top] = [Math.min(...xs) - PADDING, Math.min(...ys) - PADDING / 2];
  const width = Math.max(420, Math.max(...xs) + PADDING - left);
  const height = Math.max(...ys) + PADDING / 2 - top;
  const middle = (Math.min(...xs) + Math.max(...xs)) / 2;
  return { nodes, edges, isCut, box: [middle - width / 2, top, width, height].map(Math.round).join(' ') };
}
