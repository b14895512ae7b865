/**
 * A day, shown and typed as the browser shows dates in the user's language, with its calendar. The value is `YYYY-MM-DD`, as in addresses.
 * @param props.onPick gets an empty text for a cleared field
 */
export function DateField({ label, value, onPick }: { label: string; value: string; onPick: (day: string) => void }) {
  return (
    <label>
      {label}
      <input
        type="date"
        value={value}
        max="9999-12-31"
        onChange={({ currentTarget: { value: day } }) => {
          // While a year is typed, each digit makes another date: 0002, 0020, 0202.
          if (!day.startsWith('0')) onPick(day);
        }}
      />
    </label>
  );
}
