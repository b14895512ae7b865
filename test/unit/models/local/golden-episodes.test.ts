import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endings, reading, stated } from './episodes.ts';

const GOLDEN = '/work/shared/data/graphiti-golden/graph.json';
const isThere = existsSync(GOLDEN);

interface Node {
  labels: string[];
  properties: { content: string; source: 'text' | 'message' | 'json'; valid_at: string };
}

function episodes(): Node['properties'][] {
  const { nodes } = JSON.parse(readFileSync(GOLDEN, 'utf8')) as { nodes: Node[] };
  return nodes.filter(({ labels }) => labels.includes('Episodic')).map(({ properties }) => properties);
}

describe(`the episodes of ${GOLDEN}${isThere ? '' : ' (skipped: the file is not here)'}`, () => {
  it.skipIf(!isThere)('tell most of what a large model found in them', () => {
    const readings = episodes().map(({ content, source, valid_at }) => reading(content, source, new Date(valid_at)));
    expect(readings.flatMap(stated)).toEqual(
      expect.arrayContaining([
        'Ines Aalto LEADS Lighthouse',
        'Mira Okafor BECAME_TECH_LEAD_OF Harbor',
        'Harbor KEEPS_IN Redis 7',
        'Harbor USES Valkey 8',
        'Harbor RUN_ON BullMQ',
        'Lighthouse USES Svelte',
        'Lighthouse USES HTTP',
        'Harbor BACKED_UP_TO Backblaze B2',
        'Harbor DEPLOY_REGION eu-north-1',
      ]),
    );
    expect(readings.flatMap(endings).sort()).toEqual([
      'Harbor / RabbitMQ 2025-04-15',
      'Harbor / Redis 2025-03-10',
      'Lighthouse / gRPC 2025-05-19',
    ]);
  });
});
