import { describe, expect, test } from 'vitest';
import { subjectOf, topicOf } from '../../../src/search/answer/question/question-subject.ts';

describe('a question about one named thing', () => {
  test.each([
    'what do you know about Lantern?',
    'What do we know about Lantern',
    'Please tell me about Lantern.',
    'Can you tell me everything you know about Lantern, please?',
    'what is known about Lantern',
    'What’s known about “Lantern”?',
    'What should I know about Lantern?',
    'which facts do you have about Lantern',
    'give me an overview of Lantern',
    'everything on Lantern',
    'info about Lantern',
    'Describe Lantern',
    'who is Lantern?',
    "What's Lantern?",
    'What is Lantern about?',
    'What does Lantern do?',
    'Was weißt du über Lantern?',
    'Wer ist Lantern?',
    'Lantern',
  ])('%s', (question) => expect(subjectOf(question).names[0]).toBe('Lantern'));

  test('is also tried without an article, and without the kind of thing', () => {
    expect(subjectOf('What do you know about the Lantern project?').names).toEqual([
      'the Lantern project',
      'Lantern project',
      'Lantern',
    ]);
  });
});

describe('the topic of a question', () => {
  test.each([
    ['What do you know about the retries of the upload?', 'the retries of the upload'],
    ['Tell me about how the build works', 'how the build works'],
  ])('%s has no words that only ask for what is known', (question, topic) => expect(topicOf(question)).toBe(topic));

  test.each([
    'What did we decide about retries?',
    'Who knows about circuit boards?',
    'Whom do I ask about circuit boards?',
    'What is the error budget of Harbor?',
    'Why is the build slow?',
    'How do I learn about failed jobs from the log?',
    'about',
    'tell me about',
    `what do you know about ${'x'.repeat(300)}`,
  ])('%s is left as it is', (question) => expect(topicOf(question)).toBe(question));
});

test('a long sentence names no thing', () => {
  expect(subjectOf('The worker stopped and then the queue grew until the disk was full').names).toEqual([]);
});
