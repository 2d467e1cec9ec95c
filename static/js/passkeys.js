// Passkeys: a form with data-passkey asks the browser for a credential and posts it. "create" and "get" find the server's
// options in data-options; "sign-in" fetches them first.
const CAN = Boolean(globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON);

const options = async (form) => {
  if (form.dataset.passkey !== "sign-in") return JSON.parse(form.dataset.options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("The console gave no passkey options.");
  return (await answer.json()).request_options;
};

const credentialFor = async (form) => {
  const { publicKey } = await options(form);
  if (form.dataset.passkey !== "create") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  }
  const alone = form.elements.passwordless?.checked ?? false;
  publicKey.authenticatorSelection = {
    ...publicKey.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    ...(alone ? { userVerification: "required" } : {}),
  };
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !CAN;
  const problem = form.querySelector(".problem[hidden]");
  form.querySelector("button[type=button]").addEventListener("click", async () => {
    problem.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify((await credentialFor(form)).toJSON());
      form.submit();
    } catch (error) {
      problem.textContent = error.name === "NotAllowedError" ? "Nothing was chosen. Try again." : error.message;
      problem.hidden = false;
    }
  });
}
