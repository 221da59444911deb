//! That people can read and use the pages: with a keyboard, on a phone, in the dark, without scripts.

use serde_json::json;

use crate::harness::browser::{Browser, Look};
use crate::harness::other_site::OtherSite;
use crate::harness::run;
use crate::people::Person;
use crate::tour::tour;

const TAB: &str = "\u{E004}";

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn these_browsers_run_no_scripts() {
    run(async |world| {
        let site = OtherSite::new(
            "<!doctype html><title>plain</title><script>document.title = 'script'</script>",
        );
        for (scripts, title) in [(false, "plain"), (true, "script")] {
            let browser = world
                .browser_with(Look {
                    scripts,
                    ..Look::default()
                })
                .await;
            browser
                .client
                .goto(&site.address("127.0.0.1"))
                .await
                .unwrap();
            assert_eq!(browser.client.title().await.unwrap(), title);
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn every_page_fits_is_labelled_and_is_large_enough() {
    run(async |world| {
        tour(world, Look::default(), async |browser, page| {
            for (width, dark) in [(320, false), (390, true), (1280, false)] {
                browser
                    .look(Look {
                        width,
                        dark,
                        ..Look::default()
                    })
                    .await;
                fits(browser, page, width).await;
                is_readable(browser, page).await;
            }
            is_labelled(browser, page).await;
        })
        .await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn axe_finds_nothing() {
    let axe = std::env::var("SECONDFACTOR_TEST_AXE").expect("this is run by scripts/browser");
    let axe = std::fs::read_to_string(axe).unwrap();
    run(async |world| {
        let look = Look {
            scripts: true,
            ..Look::default()
        };
        tour(world, look, async |browser, page| {
            for dark in [false, true] {
                browser.look(Look { dark, ..look }).await;
                browser.evaluate(&axe).await;
                let script = "const [done] = arguments;
                    axe.run().then(found => done(found.violations.flatMap(fault => fault.nodes.map(
                        node => `${fault.id}: ${fault.help}: ${node.html}`))), error => done([String(error)]));";
                let found = browser.client.execute_async(script, vec![]).await.unwrap();
                assert_eq!(found, json!([]), "{page}, dark: {dark}");
            }
        })
        .await;
    });
}

async fn fits(browser: &Browser, page: &str, width: u32) {
    let seen = browser
        .evaluate("const root = document.documentElement; return [innerWidth, root.scrollWidth, root.clientWidth]")
        .await;
    let [inner, scroll, client] = [0, 1, 2].map(|index| seen[index].as_u64().unwrap());
    assert_eq!(inner, u64::from(width));
    assert!(
        scroll <= client,
        "{page} scrolls sideways at {width}: {scroll} in {client}"
    );
    // Fields that are smaller make phones zoom in, and targets that are smaller are missed.
    let small = browser
        .evaluate(
            "return [...document.querySelectorAll('input:not([type=hidden]):not([type=checkbox]):not([type=radio]), \
             select, textarea, button')].filter(field => field.getBoundingClientRect().height < 44 \
             || parseFloat(getComputedStyle(field).fontSize) < 16).map(field => field.outerHTML)",
        )
        .await;
    assert_eq!(small, json!([]), "{page} at {width}");
}

/// Contrast of text by WCAG 2.2, 1.4.3, where a text's own background is known.
async fn is_readable(browser: &Browser, page: &str) {
    let script = "
        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const known = new Map();
        const draw = colour => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data];
        };
        const parts = colour => known.get(colour) ?? known.set(colour, draw(colour)).get(colour);
        const luminance = ([r, g, b]) => {
            const line = part => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
            return 0.2126 * line(r) + 0.7152 * line(g) + 0.0722 * line(b);
        };
        const background = element => {
            for (; element; element = element.parentElement) {
                const colour = parts(getComputedStyle(element).backgroundColor);
                if (colour[3] === 255) return colour;
            }
            return matchMedia('(prefers-color-scheme: dark)').matches ? parts('Canvas') : [255, 255, 255, 255];
        };
        const faint = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
            if (!text || element.closest('svg') || !element.checkVisibility()) continue;
            const style = getComputedStyle(element);
            const [light, dim] = [luminance(parts(style.color)), luminance(background(element))].sort((a, b) => b - a);
            const contrast = (light + 0.05) / (dim + 0.05);
            const large = parseFloat(style.fontSize) >= 24;
            if (contrast < (large ? 3 : 4.5)) faint.push(`${contrast.toFixed(2)} ${text.slice(0, 40)}`);
        }
        return faint;";
    assert_eq!(
        browser.evaluate(script).await,
        json!([]),
        "faint text on {page}"
    );
}

async fn is_labelled(browser: &Browser, page: &str) {
    let unlabelled = browser
        .evaluate(
            "return [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]\
             .filter(field => !field.labels.length).map(field => field.outerHTML)",
        )
        .await;
    assert_eq!(unlabelled, json!([]), "{page}");
    let facts = browser
        .evaluate(
            "const ids = [...document.querySelectorAll('[id]')].map(element => element.id); \
             return [document.title.length > 0, document.documentElement.lang, document.scripts.length, \
             document.querySelectorAll('main h1').length, ids.length - new Set(ids).size, \
             document.querySelectorAll('meta[name=viewport]').length]",
        )
        .await;
    assert_eq!(
        facts,
        json!([true, "en", 0, 1, 0, 1]),
        "title, language, scripts, headings, double ids on {page}"
    );
    // What says something about a field is tied to it.
    let loose = browser
        .evaluate(
            "return [...document.querySelectorAll('[aria-invalid=true]')].filter(field => \
             !(field.getAttribute('aria-describedby') || '').split(/\\s+/).some(id => { \
             const alert = document.getElementById(id); \
             return alert && alert.closest('[role=alert]') && alert.textContent.trim(); \
             })).map(field => field.outerHTML)",
        )
        .await;
    assert_eq!(loose, json!([]), "{page}");
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_keyboard_is_enough_to_log_in() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        world.clock.next_step();
        ada.browser.open("/login").await;
        // Tab leads to the name within a few steps, and on to the password.
        tab_to(&ada.browser, "name").await;
        ada.browser.type_keys("Ada").await;
        tab_to(&ada.browser, "password").await;
        ada.browser.type_keys(&ada.password).await;
        ada.browser.enter().await;
        ada.browser.is_at("/login/code").await;
        // Here the only field has the focus already.
        assert_eq!(focus(&ada.browser).await, "code");
        ada.browser.type_keys(&phone.code(world)).await;
        ada.browser.enter().await;
        ada.browser.is_at("/account").await;
        // Every stop of the Tab key can be seen.
        for _ in 0..12 {
            ada.browser.type_keys(TAB).await;
            let outlined = ada
                .browser
                .evaluate(
                    "const element = document.activeElement, style = getComputedStyle(element); \
                     return element === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none'",
                )
                .await;
            assert_eq!(outlined, true, "{}", focus(&ada.browser).await);
        }
    });
}

/// The name of the field that has the focus.
async fn focus(browser: &Browser) -> String {
    let name = browser
        .evaluate("return document.activeElement.name || document.activeElement.outerHTML")
        .await;
    name.as_str().unwrap().to_owned()
}

async fn tab_to(browser: &Browser, field: &str) {
    for _ in 0..8 {
        if focus(browser).await == field {
            return;
        }
        browser.type_keys(TAB).await;
    }
    panic!(
        "no way to {field} by the Tab key, but to {}",
        focus(browser).await
    );
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_error_is_beside_its_field_which_has_the_focus() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.browser.open("/account/devices/new").await;
        ada.browser.send("#label-form", &[("label", "Phone")]).await;
        is_in_error(&ada.browser, "label").await;
        ada.browser.open("/account/password").await;
        ada.browser
            .send(
                "#password-form",
                &[("current", &ada.password), ("new", "too short")],
            )
            .await;
        is_in_error(&ada.browser, "new").await;
        ada.logs_out().await;
        ada.types_password().await;
        ada.types_code(&phone.wrong_code(world)).await;
        is_in_error(&ada.browser, "code").await;
        ada.browser.open("/login/recovery").await;
        ada.browser
            .send("#recovery-form", &[("recovery_code", "no such code")])
            .await;
        is_in_error(&ada.browser, "recovery_code").await;
    });
}

async fn is_in_error(browser: &Browser, field: &str) {
    let described = browser
        .evaluate(
            "const field = document.querySelector('[aria-invalid=true]'); \
             return [field?.name, document.activeElement === field, \
             (field?.getAttribute('aria-describedby') || '').split(/\\s+/).some(id => \
             document.getElementById(id)?.closest('[role=alert]')?.textContent.trim())]",
        )
        .await;
    assert_eq!(
        described,
        json!([field, true, true]),
        "{}",
        browser.text().await
    );
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn fields_say_what_they_are_for() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        ada.browser.open("/sign-up").await;
        has(
            &ada.browser,
            "#sign-up-form [name=name]",
            "autocomplete",
            "username",
        )
        .await;
        has(
            &ada.browser,
            "#sign-up-form [name=password]",
            "autocomplete",
            "new-password",
        )
        .await;
        ada.browser.open("/login").await;
        has(
            &ada.browser,
            "#login-form [name=name]",
            "autocomplete",
            "username",
        )
        .await;
        has(
            &ada.browser,
            "#login-form [name=password]",
            "autocomplete",
            "current-password",
        )
        .await;
        has(
            &ada.browser,
            "#login-form [name=password]",
            "type",
            "password",
        )
        .await;
        ada.types_password().await;
        has(
            &ada.browser,
            "#code-form [name=code]",
            "autocomplete",
            "one-time-code",
        )
        .await;
        has(
            &ada.browser,
            "#code-form [name=code]",
            "inputmode",
            "numeric",
        )
        .await;
        ada.browser.open("/login/recovery").await;
        has(
            &ada.browser,
            "#recovery-form [name=recovery_code]",
            "autocomplete",
            "off",
        )
        .await;
    });
}

async fn has(browser: &Browser, field: &str, attribute: &str, value: &str) {
    assert_eq!(
        browser
            .find(field)
            .await
            .attr(attribute)
            .await
            .unwrap()
            .as_deref(),
        Some(value),
        "{field} {attribute}"
    );
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn nothing_moves_while_a_page_loads() {
    run(async |world| {
        let ada = Person::signs_up_with(
            world,
            "Ada",
            Look {
                width: 390,
                scripts: true,
                ..Look::default()
            },
        )
        .await;
        is_still(&ada.browser).await;
        ada.enrolls("Phone").await;
        let (_, _, width, height) = ada.browser.find(".qr svg").await.rectangle().await.unwrap();
        assert!(
            width >= 180.0 && (width - height).abs() < 1.0,
            "{width} x {height}"
        );
        is_still(&ada.browser).await;
        ada.logs_out().await;
        is_still(&ada.browser).await;
    });
}

/// Cumulative layout shift, as Chromium counts it.
async fn is_still(browser: &Browser) {
    let script = "const [done] = arguments; let shift = 0;
        const add = entries => entries.forEach(entry => shift += entry.value);
        const observer = new PerformanceObserver(list => add(list.getEntries()));
        observer.observe({ type: 'layout-shift', buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => { add(observer.takeRecords()); done(shift); }));";
    let shift = browser.client.execute_async(script, vec![]).await.unwrap();
    assert_eq!(shift.as_f64(), Some(0.0), "{}", browser.path().await);
}
