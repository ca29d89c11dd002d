import com.adobe.testing.s3mock.S3MockApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Starts S3Mock with one port, on 127.0.0.1 alone.
 *
 * <p>S3Mock opens a second port on every interface, and no property turns it off or binds it. It is
 * taken away here before the server starts; server.port and server.address govern the one that is
 * left. Arguments are Spring Boot properties.
 */
public final class LoopbackS3 {
    private LoopbackS3() {}

    public static void main(String[] arguments) {
        new SpringApplicationBuilder(S3MockApplication.class, OnePort.class)
                .properties("server.address=127.0.0.1", "server.ssl.enabled=false")
                .run(arguments);
    }

    /** Named in no component scan: it applies only to this start. */
    @Configuration(proxyBeanMethods = false)
    static class OnePort {
        @Bean
        WebServerFactoryCustomizer<TomcatServletWebServerFactory> withoutSecondPort() {
            return factory -> factory.getAdditionalTomcatConnectors().clear();
        }
    }
}
