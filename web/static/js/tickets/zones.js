// What a clock on the wall of a time zone says, and which moment that is.

/** "2027-03-28T20:00" of a moment, as inputs have it. */
export function onTheWall(moment, timeZone) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(new Date(moment));
  const said = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${said.year.padStart(4, "0")}-${said.month}-${said.day}T${said.hour}:${said.minute}`;
}

/**
 * The moments at which the wall says so, the earlier first, as RFC 3339 with the zone's offset: one
 * as a rule, none where clocks are put forward over it, two where they are put back.
 */
export function momentsOf(wall, timeZone) {
  const asUtc = Date.parse(`${wall.slice(0, 16)}Z`);
  if (Number.isNaN(asUtc)) return [];
  const day = 24 * 60 * 60 * 1000;
  // Whatever changes then, the offsets of the day before and the day after are all that there are.
  const offsets = new Set([-day, 0, day].map((away) => offsetAt(asUtc + away, timeZone)));
  return [...offsets]
    .map((offset) => ({ at: asUtc - offset, offset }))
    .filter(({ at, offset }) => offsetAt(at, timeZone) === offset)
    .sort((one, other) => one.at - other.at)
    .map(({ offset }) => `${wall.slice(0, 16)}:00${inWords(offset)}`);
}

/** By how many milliseconds the zone's clocks are ahead of UTC at a moment. */
function offsetAt(moment, timeZone) {
  const minute = 60 * 1000;
  return Date.parse(`${onTheWall(moment, timeZone)}Z`) - Math.floor(moment / minute) * minute;
}

function inWords(offset) {
  const minutes = Math.abs(offset) / 60_000;
  const two = (value) => String(value).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
