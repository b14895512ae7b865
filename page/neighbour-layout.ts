import {
  forceCenter,
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  type SimulationNodeDatum,
} from 'd3-force';
import type { EntityItem, Fact } from '../src/page/schemas.ts';

/** Maximum number of entities in the picture, including the central one. */
export const MOST = 150;
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
  readonly relation: string;
  readonly isCurrent: boolean;
}

/** The name beside a node, relative to the node. */
export interface Label {
  readonly whole: string;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'middle' | 'end';
  /** A box that hides the lines behind the name, if every position crosses some. */
  readonly cover?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** Positions of the entities that share a fact with the central entity, and of their names. */
export function layout(entity: EntityItem, facts: readonly Fact[], isCurrent: (fact: Fact) => boolean) {
  const found = new Map<string, Node>([[entity.uuid, { id: entity.uuid, name: entity.name, fx: 0, fy: 0 }]]);
  const edges: Edge[] = [];
  let isCut = false;
  for (const fact of facts) {
    const ends = [
      [fact.sourceUuid, fact.source],
      [fact.targetUuid, fact.target],
    ] as const;
    for (const [id, name] of ends)
      if (!found.has(id)) {
        if (found.size < MOST) found.set(id, { id, name });
        else isCut = true;
      }
    const [source, target] = [found.get(fact.sourceUuid), found.get(fact.targetUuid)];
    if (source && target && source !== target)
      edges.push({ id: fact.uuid, source, target, relation: fact.relation, isCurrent: isCurrent(fact) });
  }
  const places = [...found.values()];
  forceSimulation(places)
    .force('links', forceLink<Node, Edge>(edges).distance(95))
    .force('apart', forceManyBody().strength(-380))
    .force('room', forceCollide(34))
    .force('center', forceCenter(0, 0).strength(0.05))
    .stop()
    .tick(STEPS);
  const nodes = labelled(places, edges);
  const boxes = nodes.map((node) => boxOf(node, node.label));
  const [left, right] = [Math.min(...boxes.map((box) => box.left)), Math.max(...boxes.map((box) => box.right))];
  const [top, bottom] = [Math.min(...boxes.map((box) => box.top)), Math.max(...boxes.map((box) => box.bottom))];
  const width = Math.max(420, right - left + PADDING / 2);
  const box = [(left + right - width) / 2, top - PADDING / 4, width, bottom - top + PADDING / 2];
  return { nodes, edges, isCut, box: box.map(Math.round).join(' ') };
}

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const LONGEST = 28;
/** Average letter width at 12 pixels, and the height of text above and below the baseline. */
const [LETTER, ASCENT, DESCENT] = [6.6, 10, 3];

/** Positions in order of preference. */
const POSITIONS = [
  { x: 0, y: -11, anchor: 'middle' },
  { x: 0, y: 20, anchor: 'middle' },
  { x: 12, y: 4, anchor: 'start' },
  { x: -12, y: 4, anchor: 'end' },
  { x: 9, y: -8, anchor: 'start' },
  { x: -9, y: -8, anchor: 'end' },
  { x: 9, y: 17, anchor: 'start' },
  { x: -9, y: 17, anchor: 'end' },
] as const;

/** The box of a label in the picture. */
export function boxOf({ x = 0, y = 0 }: { x?: number; y?: number }, label: Label): Box {
  const width = label.text.length * LETTER;
  const left = x + label.x - (label.anchor === 'start' ? 0 : label.anchor === 'end' ? width : width / 2);
  return { left, right: left + width, top: y + label.y - ASCENT, bottom: y + label.y + DESCENT };
}

/** Puts each name at the position around its node that the fewest lines and other names cross. */
function labelled(nodes: readonly Node[], edges: readonly Edge[]) {
  const taken: Box[] = nodes.map(({ x = 0, y = 0 }) => ({ left: x - 7, right: x + 7, top: y - 7, bottom: y + 7 }));
  return nodes.map((node, at) => {
    const text = node.name.length > LONGEST ? `${node.name.slice(0, LONGEST - 1)}…` : node.name;
    const labels = POSITIONS.map((position): Label => ({ whole: node.name, text, ...position }));
    const costs = labels.map((label) => {
      const box = boxOf(node, label);
      const lines = edges.filter(({ source, target }) => crosses(source, target, box)).length;
      return lines + 3 * taken.filter((other, place) => place !== at && overlap(box, other)).length;
    });
    const least = Math.min(...costs);
    const label = labels[costs.indexOf(least)] as Label;
    const box = boxOf(node, label);
    taken.push(box);
    const cover = {
      ...{ x: box.left - (node.x ?? 0) - 2, y: box.top - (node.y ?? 0) },
      ...{ width: box.right - box.left + 4, height: box.bottom - box.top },
    };
    return { ...node, label: { ...label, ...(least > 0 && { cover }) } };
  });
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Whether a line passes through a box: clipped by each side in turn, a part of it remains (Liang–Barsky). */
export function crosses(
  { x: x1 = 0, y: y1 = 0 }: { x?: number; y?: number },
  { x: x2 = 0, y: y2 = 0 }: { x?: number; y?: number },
  { left, right, top, bottom }: Box,
): boolean {
  let [from, to] = [0, 1];
  const sides = [
    [x1 - x2, x1 - left],
    [x2 - x1, right - x1],
    [y1 - y2, y1 - top],
    [y2 - y1, bottom - y1],
  ] as const;
  for (const [step, room] of sides) {
    if (step === 0 && room < 0) return false;
    if (step < 0) from = Math.max(from, room / step);
    if (step > 0) to = Math.min(to, room / step);
  }
  return from <= to;
}
