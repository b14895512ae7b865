import { describe, expect, it } from 'vitest';
import { named, reading, stated, times } from './episodes.ts';

describe('a dialogue', () => {
  it('takes "I" for the speaker and keeps the name in the fact', () => {
    const turn = reading('mira: I joined Harbor today as backend engineer.', 'message');
    expect(named(turn)).toEqual(['Mira: Person', 'Harbor: Entity']);
    expect(stated(turn)).toEqual(['Mira JOINED Harbor']);
    expect(turn.facts[0]?.fact).toBe('Mira: I joined Harbor today as backend engineer.');
  });

  it('does not put what is said of others on the speaker', () => {
    const turn = reading('tomas: Harbor keeps its sessions in Redis 7 and its jobs in RabbitMQ.', 'message');
    expect(stated(turn)).toEqual(['Harbor KEEPS_IN Redis 7', 'Harbor KEEPS_IN RabbitMQ']);
  });

  it('takes no role for a thing of which anything could be known, in plain text too', () => {
    const chat = reading('user: I prefer pnpm.\nassistant: I updated `package.json`.');
    expect(named(chat)).toEqual(['pnpm: Product', 'package.json: File']);
    const ended = reading('user: We moved from Redis to Valkey.\nUser: Harbor is my favourite system.', 'message');
    expect(named(ended).filter((name) => /^(?:user|assistant|system|tool)\b/i.test(name))).toEqual([]);
    expect(ended.ended).toEqual([]);
  });

  it('makes no things of roles, in plain text neither', () => {
    const chat = reading('user: I prefer pnpm.\nassistant: I updated `package.json`.\nassistant: Harbor uses Redis.');
    expect(named(chat)).toEqual(['pnpm: Product', 'package.json: File', 'Harbor: Entity', 'Redis: Product']);
    expect(stated(chat)).toEqual(['Harbor USES Redis']);
  });

  it('knows whom a pronoun means where the sentence before names one person', () => {
    expect(stated(reading('Ana Ribeiro joined Harbor. She replaces Lena Fischer.'))).toEqual([
      'Ana Ribeiro JOINED Harbor',
      'Ana Ribeiro REPLACES Lena Fischer',
    ]);
    expect(stated(reading('Ana Ribeiro hired Lena Fischer. She leads Harbor.'))).toEqual([
      'Ana Ribeiro HIRED Lena Fischer',
    ]);
  });

  it('gives everyone their own words', () => {
    const chat = reading('Mira: I like Valkey.\nTomás (user): I like Redis,\nbut not RabbitMQ.', 'message');
    expect(stated(chat)).toContain('Mira LIKES Valkey');
    expect(stated(chat)).toContain('Tomás LIKES Redis');
  });

  it('passes over greetings, thanks and who is spoken to', () => {
    const chat = reading(
      'Caroline: Hey Mel! Good to see you! How have you been?\nMelanie: Thanks, Caroline! Yeah, I painted that lake sunrise last year!',
      'message',
    );
    expect(stated(chat)).toEqual(['Melanie PAINTED lake sunrise']);
    expect(times(chat)).toEqual(['2024-01-01 to open']);
  });
});
