// The answer to the application posts itself; without JavaScript there is a button (OAuth 2.0 Form Post Response Mode).
document.querySelector("form[data-answer]").submit();
