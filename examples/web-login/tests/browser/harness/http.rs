//! A client that is no browser, for what a browser hides or never sends.

use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body};

pub(crate) struct Http {
    agent: Agent,
    address: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Http {
    pub(crate) fn new(address: &str) -> Self {
        // A connection for each request: the server closes one whose body it has refused to read.
        let config = Agent::config_builder()
            .max_idle_connections(0)
            .max_redirects(0)
            .http_status_as_error(false);
        let config = config.proxy(None);
        Self {
            agent: config.build().new_agent(),
            address: address.to_owned(),
        }
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.get(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.call().unwrap())
    }

    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = Answer::read(request.send_form(fields.iter().copied()).unwrap());
        let given = headers.iter().find(|(name, _)| *name == "cookie");
        self.shows(answer, given.map_or("", |(_, cookie)| cookie))
    }

    /// The page that answers a form is shown by the next request.
    fn shows(&self, answer: Answer, given: &str) -> Answer {
        let set = answer.set_cookies().into_iter();
        let Some(outcome) = set.last().filter(|set| set.starts_with("outcome=")) else {
            return answer;
        };
        let session = answer.cookie().unwrap_or_else(|| given.to_owned());
        let cookies = format!("{session}; {}", outcome.split(';').next().unwrap());
        let mut shown = self.get(answer.location(), &[("cookie", &cookies)]);
        shown.headers.remove("set-cookie");
        for set in answer.headers.get_all("set-cookie") {
            shown.headers.append("set-cookie", set.clone());
        }
        shown
    }

    /// A post as the page of the site itself would send it: with the cookie, if there is one, and the origin.
    pub(crate) fn post_own(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [
            ("origin", self.address.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("cookie", cookie),
        ];
        self.post(
            path,
            if cookie.is_empty() {
                &headers[..2]
            } else {
                &headers
            },
            fields,
        )
    }
}

impl Answer {
    fn read(mut response: Response<Body>) -> Self {
        let body = response.body_mut().read_to_string().unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where it leads.
    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// What stands in the page between two texts, the first time.
    pub(crate) fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self.body.split_once(before).expect(before);
        rest.split_once(after).expect(after).0
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let all = self.headers.get_all("set-cookie").iter();
        all.map(|value| value.to_str().unwrap()).collect()
    }

    /// Name and value of the session cookie that it sets.
    pub(crate) fn cookie(&self) -> Option<String> {
        let cookies = self.set_cookies();
        let session = cookies
            .into_iter()
            .find(|set| set.starts_with("session="))?;
        session.split(';').next().map(str::to_owned)
    }
}
