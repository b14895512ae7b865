import { describe, expect, it } from 'vitest';
import { named, reading, stated } from './episodes.ts';

describe('a JSON document', () => {
  it('becomes named things with their properties', () => {
    const service = reading(
      '{"name":"Harbor","version":"1.2.3","owner":{"name":"Mira Okafor","type":"person"},"replicas":3,"tags":["web"]}',
      'json',
    );
    expect(named(service)).toEqual(['Harbor: Entity', 'Harbor 1.2.3: Version', 'Mira Okafor: Person', 'web: Entity']);
    expect(service.facts.map(({ fact }) => fact)).toEqual([
      'Harbor version: 1.2.3',
      'Harbor owner: Mira Okafor',
      'Harbor tags: web',
    ]);
  });

  it('lets a date in it tell since when it holds', () => {
    const deploy = reading('{"deploy":{"project":"Harbor","region":"eu-north-1","at":"2025-05-02"}}', 'json');
    expect(stated(deploy)).toEqual(['Harbor DEPLOY_REGION eu-north-1']);
    expect(deploy.facts[0]?.validAt).toEqual(new Date('2025-05-02T00:00:00Z'));
  });

  it('is read as text where it does not parse', () => {
    expect(stated(reading('Alice likes green tea', 'json'))).toEqual(['Alice LIKES green tea']);
  });

  it('may be deeper than the stack', () => {
    const deep = `${'[{"a":'.repeat(10_000)}1${'}]'.repeat(10_000)}`;
    expect(reading(deep, 'json').facts).toEqual([]);
  });

  it('gives at most 200 facts', () => {
    const many = JSON.stringify(
      Array.from({ length: 5_000 }, (_, index) => ({ name: `host ${index}`, zone: `zone ${index}` })),
    );
    expect(reading(many, 'json').facts).toHaveLength(200);
  });

  it('survives odd keys and values', () => {
    const odd =
      '[null,1,"a",{"":""},{"name":null},{"name":{"name":"x"}},{"__proto__":{"name":"y","constructor":"z"}},{"1":{"2":[[]]}}]';
    expect(() => reading(odd, 'json')).not.toThrow();
  });
});
