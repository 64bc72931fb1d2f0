// What the page asks of the local cloud, and what it shows when it refuses.

export async function get(path) {
  const response = await send(path, { cache: "no-store" });
  return response.json();
}

export async function post(path, body) {
  const response = await send(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

/** Somebody does something in a room: enter, leave, audio, say or dismiss. */
export function act({ room_id, room_id_type, sdk_app_id }, verb, body) {
  const room = `_local/rooms/${encodeURIComponent(room_id)}`;
  return post(`${room}/${verb}?type=${room_id_type}&sdk_app_id=${sdk_app_id}`, body);
}

/** Does something when a form is sent; what goes wrong is said in the .problem of `place`. */
export function onSubmit(form, place, action) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(place, () => action(Object.fromEntries(new FormData(form))));
  });
}

/** The same when a button is pressed. */
export function onClick(button, place, action) {
  button.addEventListener("click", () => attempt(place, action));
}

async function attempt(place, action) {
  const problem = place.querySelector(".problem");
  problem.textContent = "";
  try {
    problem.textContent = (await action()) ?? "";
  } catch (error) {
    problem.textContent = error.message;
  }
}

async function send(path, options) {
  const response = await fetch(path, options).catch(() => {
    throw new Error("The local cloud does not answer.");
  });
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw new Error(error ?? `The local cloud answered ${response.status}.`);
}
