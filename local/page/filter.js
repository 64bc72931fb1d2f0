// Which rooms are looked for: a word, and a state.

const byId = (id) => document.getElementById(id);

/** The states in which somebody may not be transcribed, the worst first. */
export const TROUBLE = ["failed", "untold", "waiting", "silent", "held"];

const STATES = {
  all: (state) => state !== "ended",
  trouble: (state) => TROUBLE.includes(state),
  transcribing: (state) => state === "running",
  ended: (state) => state === "ended",
};

let state = "all";
let onChange = () => {};

/** The chosen state: a name of STATES, or of one kind of trouble. */
export const chosen = () => state;

export function choose(name) {
  state = name;
  for (const chip of chips()) chip.setAttribute("aria-pressed", String(chip.dataset.filter === name));
  onChange();
}

/** `act` is called whenever something else is looked for. */
export function startFilter(act) {
  onChange = act;
  byId("search").addEventListener("input", act);
  for (const chip of chips()) chip.addEventListener("click", () => choose(chip.dataset.filter));
  byId("show-all").addEventListener("click", () => {
    byId("search").value = "";
    choose("all");
    byId("search").focus();
  });
}

const chips = () => document.querySelectorAll("#find [data-filter]");

/** Whether a room in that state, with these names (its own, people's, sessions'), is looked for. */
export function isWanted(stateOfRoom, names) {
  const word = byId("search").value.trim().toLowerCase();
  return isOf(state, stateOfRoom) && (!word || names.some((name) => name.toLowerCase().includes(word)));
}

const isOf = (name, stateOfRoom) => STATES[name]?.(stateOfRoom) ?? stateOfRoom === name;

/** Writes on each button how many rooms it leads to. */
export function countStates(states) {
  for (const chip of chips()) {
    const count = String(states.filter((one) => isOf(chip.dataset.filter, one)).length);
    const number = chip.querySelector(".number");
    if (number.textContent !== count) number.textContent = count;
  }
}
