import { useEffect, useRef } from 'preact/hooks';

/**
 * A date field in the user's locale. The value is `YYYY-MM-DD`, as in addresses.
 * @param props.onPick gets an empty text for a cleared field
 */
export function DateField(props: {
  label: string;
  value: string;
  /** The field takes the focus when it appears. */
  isFocused?: boolean;
  onPick: (day: string) => void;
}) {
  const { label, value, isFocused = false, onPick } = props;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFocused) field.current?.focus();
  }, []);
  return (
    <label>
      {label}
      <input
        type="date"
        ref={field}
        value={value}
        max="9999-12-31"
        onChange={({ currentTarget: { value: day } }) => {
          // While the user types a year, the browser reports 0002, 0020 and 0202 first.
          if (!day.startsWith('0')) onPick(day);
        }}
      />
    </label>
  );
}
