import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import type { Reply } from '../src/page/schemas.ts';
import { useCall } from './loading.tsx';
import { group } from './route.tsx';

type Suggested = Reply<'suggestions'>['entities'][number];

/** Suggestions are loaded after this pause in typing. */
const QUIET_MS = 120;

/**
 * A field for an entity name that suggests entities during typing: names that start with or contain the text, and names
 * that differ in one or two letters.
 * @param props.onSubmit gets the typed text; empty means all entities
 */
export function EntityField(props: {
  label: string;
  text: string;
  placeholder: string;
  action: string;
  onSubmit: (text: string) => void;
  onPick: (entity: Suggested) => void;
}) {
  const { label, text, placeholder, action, onSubmit, onPick } = props;
  const draft = useSignal(text);
  const typed = useSignal('');
  const isOpen = useSignal(false);
  const active = useSignal(-1);
  // The address also changes through links, such as the menu's link to this screen.
  useLayoutEffect(() => {
    draft.value = text;
  }, [text]);
  useEffect(() => {
    if (!isOpen.value) return;
    const timer = setTimeout(() => (typed.value = draft.value.trim()), QUIET_MS);
    return () => clearTimeout(timer);
  }, [draft.value, isOpen.value]);
  const asked = isOpen.value && typed.value !== '' ? { group: group.value, typed: typed.value } : undefined;
  const found = useCall('suggestions', asked).data?.entities ?? [];
  const isShown = isOpen.value && found.length > 0;
  const close = () => {
    isOpen.value = false;
    active.value = -1;
  };
  const pick = (entity: Suggested) => {
    close();
    draft.value = entity.name;
    onPick(entity);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && isShown) close();
    else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && found.length > 0) {
      isOpen.value = true;
      const step = event.key === 'ArrowDown' ? 1 : -1;
      active.value = (active.value + step + found.length + (active.value < 0 && step < 0 ? 1 : 0)) % found.length;
    } else return;
    event.preventDefault();
  };
  return (
    <search>
      <form
        class="ask small suggesting"
        onSubmit={(event) => {
          event.preventDefault();
          const chosen = isShown ? found[active.value] : undefined;
          close();
          if (chosen) pick(chosen);
          else onSubmit(draft.value.trim());
        }}
      >
        <label class="hidden" for="entity">
          {label}
        </label>
        <input
          id="entity"
          type="search"
          // biome-ignore lint/a11y/noRedundantRoles: a field without a data list has no combobox role by default
          role="combobox"
          list={undefined}
          aria-expanded={isShown}
          aria-controls="suggestions"
          aria-autocomplete="list"
          aria-activedescendant={isShown && active.value >= 0 ? `suggestion-${active.value}` : undefined}
          maxLength={1000}
          autocomplete="off"
          placeholder={placeholder}
          value={draft.value}
          onKeyDown={onKeyDown}
          onBlur={close}
          onInput={(event) => {
            draft.value = event.currentTarget.value;
            isOpen.value = true;
            active.value = -1;
            // The browser's button that clears a search field sends no submit event.
            if (draft.value === '') onSubmit('');
          }}
        />
        <button type="submit">{action}</button>
        {isShown && (
          <div class="suggestions" id="suggestions" role="listbox" aria-label="Suggestions">
            {found.map((entity, place) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keys work in the field, which keeps the focus
              <div
                key={entity.uuid}
                id={`suggestion-${place}`}
                role="option"
                tabIndex={-1}
                aria-selected={place === active.value}
                // A click on a suggestion must not take the focus from the field.
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => pick(entity)}
              >
                {entity.name} <span class="quiet">{entity.type}</span>
                {entity.called !== entity.name && <span class="quiet">also called {entity.called}</span>}
              </div>
            ))}
          </div>
        )}
      </form>
    </search>
  );
}
