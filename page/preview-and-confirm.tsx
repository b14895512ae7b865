import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { CallError, sentenceOf, whileChanging } from './calls.ts';
import { isReadOnly } from './session.ts';

type Step<Preview, Done> =
  | { readonly at: 'start' }
  | { readonly at: 'looking' }
  | {
      readonly at: 'preview';
      readonly preview: Preview;
      readonly choice: string | undefined;
      readonly warning?: string;
    }
  | { readonly at: 'acting'; readonly preview: Preview }
  | { readonly at: 'done'; readonly result: Done }
  | { readonly at: 'failed'; readonly message: string };

/** A preview on the screen and the actions of its buttons. */
export interface Panel<Preview> {
  readonly preview: Preview;
  /** The reason why the preview is shown again. */
  readonly warning: string | undefined;
  readonly isBusy: boolean;
  /** Shows the preview for a choice of the user. */
  readonly onChoose: (choice: string) => void;
  /** @param typed the text that the user typed to confirm, if the preview requires one */
  readonly onConfirm: (typed?: string) => void;
  readonly onCancel: () => void;
}

/**
 * A change in two steps: start → looking → preview → acting → done. If the memory has changed since the preview, a new preview replaces it and
 * needs a new confirmation. Every failure leads to `failed`, from which the user can start again.
 * @param props.look loads the preview, for the user's choice if there is one
 */
export function PreviewAndConfirm<Preview, Done>(props: {
  title: string;
  hint: string;
  /** The button of the first step. */
  begin: string;
  /** A counter that another part of the screen increases to start the first step. */
  begun?: number;
  look: (choice?: string) => Promise<Preview>;
  act: (preview: Preview, typed?: string) => Promise<Done>;
  children: (panel: Panel<Preview>) => ComponentChildren;
  done?: (result: Done) => ComponentChildren;
}) {
  const { title, hint, begin, begun = 0, look, act, children, done } = props;
  const section = useRef<HTMLElement>(null);
  const step = useSignal<Step<Preview, Done>>({ at: 'start' });
  const fail = (error: unknown) => (step.value = { at: 'failed', message: sentenceOf(error) });
  const beginning = useRef<HTMLButtonElement>(null);
  const isBack = useRef(false);
  const onCancel = () => {
    isBack.current = true;
    step.value = { at: 'start' };
  };
  const show = async (choice?: string, warning?: string) => {
    step.value = { at: 'looking' };
    try {
      step.value = { at: 'preview', preview: await look(choice), choice, warning };
    } catch (error) {
      fail(error);
    }
  };
  const confirm = async (preview: Preview, choice?: string, typed?: string) => {
    step.value = { at: 'acting', preview };
    try {
      step.value = { at: 'done', result: await whileChanging(() => act(preview, typed)) };
    } catch (error) {
      if (error instanceof CallError && error.code === 'ERR_PREVIEW_OUTDATED') await show(choice, error.message);
      else fail(error);
    }
  };
  useEffect(() => {
    if (begun === 0) return;
    section.current?.scrollIntoView();
    if (step.value.at === 'start') void show();
  }, [begun]);
  const current = step.value;
  useEffect(() => {
    if (current.at === 'start' && isBack.current) beginning.current?.focus();
    isBack.current = false;
  }, [current.at]);
  /** Escape in a field only leaves the field, so that the typed text is not lost. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || current.at !== 'preview') return;
    if (event.target instanceof HTMLElement && event.target.closest('input, textarea')) return;
    event.stopPropagation();
    onCancel();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the key works on the buttons inside
    <section class="preview-and-confirm" ref={section} aria-live="polite" onKeyDown={onKeyDown}>
      <h2>{title}</h2>
      {isReadOnly.value ? (
        <p class="quiet">This page was started with --read-only.</p>
      ) : (
        <>
          {(current.at === 'start' || current.at === 'looking') && (
            <>
              <p class="quiet">{hint}</p>
              <button type="button" ref={beginning} disabled={current.at === 'looking'} onClick={() => void show()}>
                {current.at === 'looking' ? 'Looking…' : begin}
              </button>
            </>
          )}
          {(current.at === 'preview' || current.at === 'acting') &&
            children({
              preview: current.preview,
              warning: current.at === 'preview' ? current.warning : undefined,
              isBusy: current.at === 'acting',
              onChoose: (choice) => void show(choice),
              onConfirm: (typed) => void (current.at === 'preview' && confirm(current.preview, current.choice, typed)),
              onCancel,
            })}
          {current.at === 'done' && done?.(current.result)}
          {current.at === 'failed' && (
            <div class="notice problem" role="alert">
              <p>{current.message}</p>
              <button type="button" onClick={onCancel}>
                Back
              </button>
            </div>
          )}
        </>
      )}
    </section>
  );
}
