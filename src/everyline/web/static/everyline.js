// Forms that only choose what is shown are sent when a choice changes. Without this file they have
// a button.
for (const form of document.querySelectorAll("form[data-submit]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
